import type { TestImage } from '../images/images.ts'

/** A container engine of the tests' own, on a socket and in folders of its own. */
export interface Engine extends AsyncDisposable {
  readonly endpoint: string
  readonly directory: string
  load(...images: readonly TestImage[]): void
  /** Pushes an image that it has to a registry, under another whole name, which it forgets itself. */
  push(image: string, as: string): Promise<void>
  /** Removes an image by one of its whole names. */
  forget(image: string): void
  /** The bridge that its pods are plugged into. */
  readonly bridge: string
  /** Ends it with SIGKILL and starts it again; containers go on. */
  restart(): Promise<void>
  /** The containers of the pod with that uid, the one that holds its namespaces among them. */
  containersOf(podUid: string): readonly string[]
  /** Sends SIGKILL to a container's first process. */
  killContainer(id: string): void
  /** Containers, addresses, network devices and processes that are there and ought to be gone. */
  leftovers(): readonly string[]
}
