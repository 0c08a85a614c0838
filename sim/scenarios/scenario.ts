import type { Snapshot } from '../../src/store/store.ts'
import type { Finding } from '../inspection.ts'
import type { World } from '../world.ts'

/** A story with random details: what people do to a cluster, and what happens to its machines. */
export interface Scenario {
  readonly name: string
  /** Plays the story to its end; what it returns looks at the settled cluster for what the story must have led to. */
  play(world: World): Promise<(snapshot: Snapshot) => Finding | undefined>
}
