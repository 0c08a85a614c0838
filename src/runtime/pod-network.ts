/** The network that a runtime's pods have, once it stands: where Services' addresses and network policies are put. */
export interface PodNetwork {
  /** At which pods reach servers of the host; the host's servers have to listen there. */
  readonly hostAddress: string
  /** Of pods, where each has a network of its own; undefined where they share the host's. */
  readonly subnet?: string
  /** A directory in which programs of pods look for the endpoints of Services; absent where none looks. It need not be there yet. */
  readonly endpoints?: string
  /** Performs a script of `nft` where all that pods send passes by, all of it or nothing; absent where the kernel takes none. */
  readonly rule?: (script: string) => Promise<void>
  /** How tables are to be called, where others have theirs too; default `shoal`. */
  readonly table?: string
  /** The rules are among the host's own: they see what it sends itself, and may see what pods send each other. */
  readonly isHost?: boolean
  /** Whether rules see what pods on one bridge send each other; default true. */
  readonly filters?: boolean
  /** Has the host reach the addresses of `range` the way that pods do, unless an earlier cluster has them. */
  readonly route?: (range: string) => Promise<void>
}
