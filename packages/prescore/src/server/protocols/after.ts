/** What comes next, at once where nothing is waited for: then a request is answered in the turn of the event loop in which it is read. */
export function after<T, R>(value: T | Promise<T>, next: (value: T) => R | Promise<R>): R | Promise<R> {
  return value instanceof Promise ? value.then(next) : next(value)
}
