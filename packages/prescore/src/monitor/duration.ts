/** `2 d 3 h`, `1 h 30 min`, `5 min 2 s`: the two greatest units. */
export function durationText(seconds: number): string {
  const units = [
    ['d', 86_400],
    ['h', 3_600],
    ['min', 60],
    ['s', 1],
  ] as const
  const first = units.findIndex(([, size]) => seconds >= size)
  if (first < 0) return '0 s'
  let rest = seconds
  const parts = units.slice(first, first + 2).map(([unit, size]) => {
    const number = Math.floor(rest / size)
    rest -= number * size
    return number === 0 ? '' : `${number} ${unit}`
  })
  return parts.filter(part => part !== '').join(' ')
}
