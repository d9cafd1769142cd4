/** Where the present comes from. Passed in wherever "now" is needed, so that history can be replayed as if live. */
export interface Clock {
  /** Microseconds since the Unix epoch, UTC. May step back when the machine's clock does. */
  nowUs(): number
}

export const systemClock: Clock = Object.freeze({
  nowUs: () => Date.now() * 1000,
})

/** A clock of its own time, which ticks with the machine's and can be moved on. */
export interface SimulatedClock extends Clock {
  /** Stands at the moment, and ticks on from there; an earlier one than now changes nothing. */
  moveTo(us: number): void
}

/** A clock that stands at `startUs` when it is made. */
export function simulatedClock(startUs: number): SimulatedClock {
  let [setUs, setAt] = [startUs, performance.now()]
  const nowUs = () => setUs + Math.floor((performance.now() - setAt) * 1000)
  return Object.freeze({
    nowUs,
    moveTo: (us: number) => {
      if (us > nowUs()) [setUs, setAt] = [us, performance.now()]
    },
  })
}
