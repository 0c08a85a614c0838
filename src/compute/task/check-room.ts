import type { StageHost } from '../coordination.ts'
import { shortageOf } from '../coordinator/room.ts'
import type { Needs } from '../coordinator/stage.ts'
import { noRoomError } from './task-errors.ts'

/** The error of needs that none of the workers can ever meet; undefined where one can, or none is known yet. */
export function checkRoom(name: string, needs: Needs, coordinator: StageHost): Error | undefined {
  const capacities = coordinator.capacities?.() ?? []
  if (capacities.length === 0) return undefined
  const shortages = capacities.map((capacity) => shortageOf(needs, capacity))
  if (shortages.includes(undefined)) return undefined
  const distinct = [...new Set(shortages)].map((shortage) => `workers have too little: ${shortage}`)
  return noRoomError(name === '' ? 'a function' : name, needs, distinct.slice(0, 3))
}
