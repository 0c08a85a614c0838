import type { TestImage } from '../images/images.ts'

/** A container engine of the tests' own, on a socket and in folders of its own. */
export interface Engine extends AsyncDisposable {
  readonly endpoint: string
  readonly directory: string
  load(...images: readonly TestImage[]): void
  /** Ends it with SIGKILL and starts it again; containers go on. */
  restart(): Promise<void>
}
