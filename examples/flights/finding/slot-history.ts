/**
 * The answer that needs no model: the share late of the flight's slot over the training days. It is drawn towards the share of
 * the route, and that towards the share of all, as if some more flights had been seen there. `train.py` has the same.
 */
import type { Column } from '../../../packages/prescore/src/expressions/index.ts'
import type { Flights } from './flights.ts'

/** Flights as if seen at the share above: the best of five on the validation days. */
const STRENGTH = 3

type Slots = Pick<Flights, 'rows' | 'slot'>
type Counts = Map<string, { flights: number; late: number }>

export function slotHistory(seen: Slots & Pick<Flights, 'late'>, asked: Slots): Float64Array {
  const [routeOf, slotOf] = [namesOf(seen, ['origin', 'destination']), namesOf(seen, ['origin', 'destination', 'hour'])]
  const routes: Counts = new Map()
  const slots: Counts = new Map()
  let late = 0
  for (let i = 0; i < seen.rows; i++) {
    late += seen.late[i]!
    count(routes, routeOf(i), seen.late[i]!)
    count(slots, slotOf(i), seen.late[i]!)
  }
  const [routeAsked, slotAsked] = [namesOf(asked, ['origin', 'destination']), namesOf(asked, ['origin', 'destination', 'hour'])]
  return Float64Array.from({ length: asked.rows }, (_, i) => {
    const ofRoute = drawn(routes, routeAsked(i), late / seen.rows)
    return drawn(slots, slotAsked(i), ofRoute)
  })
}

function count(counts: Counts, name: string, late: number): void {
  const known = counts.get(name)
  if (known === undefined) counts.set(name, { flights: 1, late })
  else {
    known.flights += 1
    known.late += late
  }
}

/** The share of a name, drawn towards another; that other where the name was never seen. */
function drawn(counts: Counts, name: string, towards: number): number {
  const { flights, late } = counts.get(name) ?? { flights: 0, late: 0 }
  return (late + STRENGTH * towards) / (flights + STRENGTH)
}

/** What the key columns say of a row, as one text. */
function namesOf({ slot }: Slots, names: readonly string[]): (row: number) => string {
  const columns = names.map(name => slot.get(name) as Column)
  return row => columns.map(column => ('codes' in column ? column.dictionary[column.codes[row]!] : column.values[row])).join(' ')
}
