/**
 * What the control plane and its spawner say to each other. Each request has an `id` that its reply repeats; events have
 * none. Bytes of exec sessions travel in frames of their own (see `framing.ts`).
 */
export type Request =
  | { readonly op: 'start'; readonly id: number; readonly container: StartContainer }
  | { readonly op: 'signal'; readonly id: number; readonly containerId: string; readonly signal: string }
  /** SIGKILL to everything in the container. */
  | { readonly op: 'kill'; readonly id: number; readonly containerId: string }
  /** Forgets an ended container. */
  | { readonly op: 'release'; readonly id: number; readonly containerId: string }
  | { readonly op: 'exec'; readonly id: number; readonly session: number; readonly exec: StartExec }
  /** A session on the container's own streams. */
  | {
      readonly op: 'attach'
      readonly id: number
      readonly session: number
      readonly containerId: string
      readonly closesInput: boolean
    }
  | {
      readonly op: 'resize'
      readonly id: number
      readonly session: number
      readonly columns: number
      readonly rows: number
    }
  | { readonly op: 'endExec'; readonly id: number; readonly session: number }
  /** Stops or goes on reading a session's output: the other side's buffer is full or has room again. */
  | { readonly op: 'flow'; readonly id: number; readonly session: number; readonly paused: boolean }
  /** Asks for `grew` events of a container's log. */
  | { readonly op: 'follow'; readonly id: number; readonly containerId: string; readonly on: boolean }
  /** Changes the limits of a running container. */
  | {
      readonly op: 'limit'
      readonly id: number
      readonly containerId: string
      readonly limits: StartContainer['limits']
    }
  /** Of the connections to its pod, or to one address of the host's, those that nobody has taken yet. */
  | { readonly op: 'untaken'; readonly id: number; readonly containerId: string; readonly address?: string }
  | { readonly op: 'usage'; readonly id: number; readonly containerIds: readonly string[] }
  /** Gives the pod a network namespace with the address. */
  | { readonly op: 'joinNetwork'; readonly id: number; readonly sandboxId: string; readonly address: string }
  /** Sets what the kernel keeps for each network, by file beneath /proc/sys. */
  | {
      readonly op: 'tuneNetwork'
      readonly id: number
      readonly sandboxId: string
      readonly settings: Readonly<Record<string, string>>
    }
  | { readonly op: 'leaveNetwork'; readonly id: number; readonly sandboxId: string }
  /** Performs a script of `nft` where all that pods send passes by, all of it or nothing. */
  | { readonly op: 'rule'; readonly id: number; readonly script: string }
  /** Has the host reach the addresses of `range` the way that pods do. */
  | { readonly op: 'route'; readonly id: number; readonly range: string }
  /** Ends everything and exits. */
  | { readonly op: 'close'; readonly id: number }

export type RequestBody = Request extends infer R ? (R extends { readonly id: number } ? Omit<R, 'id'> : never) : never

export type Reply =
  | { readonly id: number; readonly ok: true; readonly value: unknown }
  | { readonly id: number; readonly ok: false; readonly error: string }

export type SpawnerEvent =
  | ({ readonly event: 'ready' } & SpawnerAbilities)
  | ({ readonly event: 'exit'; readonly containerId: string } & ContainerExit)
  | { readonly event: 'execExit'; readonly session: number; readonly exitCode: number }
  /** A chunk of a session's input has been passed on: the next may come. */
  | { readonly event: 'inputTaken'; readonly session: number }
  | { readonly event: 'grew'; readonly containerId: string }

export interface SpawnerAbilities {
  readonly pid: number
  readonly cgroup: 'v1' | 'v2' | 'none'
  /** Of pods, such as `10.88.4.0/22`, where they get network namespaces. */
  readonly subnet?: string
  /** Whether pods with networks of their own reach what lies beyond the host. */
  readonly outside: boolean
  /** Whether the kernel takes rules about what pods send. */
  readonly rules: boolean
  /** True where there is a program that takes privileges away. */
  readonly privileges: boolean
  /** True where filters of system calls can be loaded. */
  readonly filters: boolean
  readonly notes: readonly string[]
}

export interface ContainerExit {
  readonly exitCode: number
  readonly signal?: string
  readonly oomKilled: boolean
  readonly peakMemoryBytes?: number
  readonly finishedAtMs: number
}

export interface StartContainer {
  readonly containerId: string
  readonly sandboxId: string
  readonly argv: readonly string[]
  readonly env: Readonly<Record<string, string>>
  readonly cwd: string
  readonly hostname: string
  readonly hostNetwork: boolean
  /** It is as the first of a pid namespace: signals that it does not handle do nothing to it. */
  readonly isFirstProcess: boolean
  readonly mounts: readonly BindMount[]
  readonly log: LogTarget
  readonly limits: { readonly cpuMillis?: number; readonly cpuShares?: number; readonly memoryBytes?: number }
  readonly identity: ProcessIdentity
  /** Nothing but its mounts can be written to. */
  readonly readOnlyRoot: boolean
  readonly stdin: boolean
  /** On a terminal of its own, whose output is one stream. */
  readonly tty: boolean
}

export interface BindMount {
  readonly source: string
  readonly target: string
  readonly readOnly: boolean
}

export interface LogTarget {
  readonly path: string
  readonly maxBytes: number
  readonly maxFiles: number
}

export interface ProcessIdentity {
  readonly user?: number
  readonly group?: number
  readonly groups?: readonly number[]
  readonly noNewPrivileges?: boolean
  /** Of root's powers those that are left; absent: all. */
  readonly capabilities?: readonly string[]
  /** Of system calls. */
  readonly filter?: LoadedFilter
}

/** A filter of system calls, and the numbers of the calls by which it is loaded. */
export interface LoadedFilter {
  /** Its instructions, in hexadecimal digits. */
  readonly program: string
  readonly flags: number
  readonly calls: { readonly seccomp: number; readonly prctl: number }
}

export interface StartExec {
  readonly containerId: string
  readonly argv: readonly string[]
  readonly env: Readonly<Record<string, string>>
  readonly cwd: string
  readonly identity: ProcessIdentity
  readonly stdin: boolean
  readonly tty: boolean
}

export interface UsageSample {
  readonly containerId: string
  readonly cpuMs: number
  readonly memoryBytes: number
  readonly processes: number
}

/** What the spawner is told on its command line, as JSON. */
export interface SpawnerSettings {
  /** Names what outlives processes (cgroups, links), so that a later start can tell whose they were. */
  readonly owner: string
  /** Removed when the owner dies. */
  readonly directory: string
  /** True where the spawner runs as the second process of a pid and a mount namespace of its own. */
  readonly namespaces: boolean
  readonly network: boolean
}
