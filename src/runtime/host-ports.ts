import type { SandboxSpec } from './runtime.ts'

/** A port of a pod's container; those with a `hostPort` have one of the node, too. */
export type PodPort = SandboxSpec['ports'][number]

/** Has ports of the node lead to pods, for runtimes without an engine that does; ends with its runtime. */
export interface HostPorts extends AsyncDisposable {
  /**
   * Opens all of a sandbox' ports or none, at the addresses of the node where a port names none. Resolves to what is not as it was
   * asked for; rejects, saying which of them is somebody else's.
   */
  open(sandbox: HostPortsOf): Promise<readonly string[]>
  /** Connections that are open stay open. */
  close(sandboxId: string): Promise<void>
}

export interface HostPortsOf {
  readonly sandboxId: string
  /** The pod's address. */
  readonly ip: string
  readonly nodeAddresses: readonly string[]
  readonly ports: readonly PodPort[]
}
