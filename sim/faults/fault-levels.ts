import type { SeededRandom } from '../seeded-random.ts'

/** How bad things are: probabilities for each request, batch of events, or watch. */
export interface FaultLevels {
  /** Most that a request takes each way, in milliseconds, when nothing is wrong. */
  readonly latencyMs: number
  /** A request that takes up to 2 s longer than that, each way. */
  readonly slow: number
  /** The request never arrives. */
  readonly lostRequest: number
  /** The request is performed, its answer never arrives. */
  readonly lostReply: number
  /** 409 for a write that names a version or replaces an object: someone else was quicker. */
  readonly conflict: number
  /** 500, 503 or 429. */
  readonly refusal: number
  /** A batch of events that comes up to 3 s late, and others behind it. */
  readonly lateEvents: number
  /** A watch that breaks after a batch, with what was still on its way. */
  readonly cutWatch: number
  /** A watch that resumes and finds its version compacted. */
  readonly expired: number
  /** The last events before a batch come again with it. */
  readonly repeated: number
  /** A list at version 0 that is answered from the past: why no part of Shoal asks for one. */
  readonly staleList: number
}

/** Nothing goes wrong, but nothing is immediate either. */
export const CALM: FaultLevels = {
  latencyMs: 3,
  slow: 0,
  lostRequest: 0,
  lostReply: 0,
  conflict: 0,
  refusal: 0,
  lateEvents: 0,
  cutWatch: 0,
  expired: 0,
  repeated: 0,
  staleList: 0,
}

/** Each seed has weather of its own: which faults there are, and how often. One in ten is calm. */
export function drawLevels(random: SeededRandom): FaultLevels {
  if (random.chance(0.1)) return CALM
  const upTo = (most: number) => (random.chance(0.6) ? random.next() * most : 0)
  return {
    latencyMs: random.pick([1, 5, 50]),
    slow: upTo(0.05),
    lostRequest: upTo(0.05),
    lostReply: upTo(0.05),
    conflict: upTo(0.1),
    refusal: upTo(0.05),
    lateEvents: upTo(0.2),
    cutWatch: upTo(0.05),
    expired: upTo(0.3),
    repeated: upTo(0.2),
    staleList: upTo(0.5),
  }
}
