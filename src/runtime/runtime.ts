/**
 * What a node agent needs of whatever runs containers: pods as sandboxes, containers in them, images, logs, commands,
 * measurements. Shaped after Kubernetes' Container Runtime Interface, so that containerd fits it too. Implementations:
 * processes, Docker, any CRI runtime, and a simulated one; all pass the suite in `runtime-suite.ts`.
 *
 * A sandbox is `ready` from {@link Runtime.startSandbox} on until it is stopped; a container goes from `created` over
 * `running` to `exited`, never back: a restart is a new container with a higher `attempt`.
 */
export interface Runtime {
  /** As it stands in container ids and messages: `process`, `docker`, `containerd`, `simulated`. */
  readonly name: string
  readonly version: string
  /** Containers go on when the agent is killed, and are known again to the runtime that is opened after it. */
  readonly outlivesAgent?: boolean
  /** Makes the image available. Rejects with an {@link ImageError}. */
  pullImage(image: string, signal?: AbortSignal, credentials?: readonly RegistryCredentials[]): Promise<ImageInfo>
  /** The image as it is present, or undefined. */
  imageStatus(image: string): Promise<ImageInfo | undefined>
  /** Images that it has pulled itself and so could have again. Absent where none is ever pulled. */
  pulledImages?(): Promise<readonly PulledImage[]>
  /** Removes one of them, unless it is used after all; resolves to whether it did. */
  removeImage?(reference: string): Promise<boolean>
  /** Creates the pod's surroundings: directory, network, cgroup. Rejects with a {@link RuntimeError}. */
  startSandbox(spec: SandboxSpec): Promise<Sandbox>
  /** Ends whatever still runs in it, at once, and frees its network. */
  stopSandbox(sandboxId: string): Promise<void>
  /** Whether the sandbox is still there as it was started. Absent where it always is: it may end with its engine. */
  sandboxReady?(sandboxId: string): Promise<boolean>
  /** Removes a stopped sandbox, its containers and their logs. Removing one that is gone does nothing. */
  removeSandbox(sandboxId: string): Promise<void>
  createContainer(sandboxId: string, spec: ContainerSpec): Promise<string>
  startContainer(containerId: string): Promise<void>
  /** Sends the stop signal (SIGTERM unless the image says otherwise), SIGKILL after `graceMs`; resolves when it ended. */
  stopContainer(containerId: string, graceMs: number): Promise<void>
  /** Changes the limits of a running container in place; absent where the runtime cannot. */
  updateContainer?(containerId: string, limits: ResourceLimits): Promise<void>
  removeContainer(containerId: string): Promise<void>
  containerStatus(containerId: string): ContainerStatus | undefined
  /** Every sandbox and container that the runtime knows, to adopt or clean up after a restart of the agent. */
  list(): Promise<{ readonly sandboxes: readonly Sandbox[]; readonly containers: readonly ContainerStatus[] }>
  /** Calls `listener` whenever a container's state changes. Returns the way to stop. */
  onChange(listener: (status: ContainerStatus) => void): () => void
  logs(containerId: string, options: LogRequest): AsyncIterable<LogLine>
  /** Runs a command within a running container. */
  exec(containerId: string, request: ExecRequest): Promise<ExecSession>
  /**
   * Joins the streams of a running container's own process: its output from now on, and its input where the container has
   * one and the request wants it. The exit code is the container's. Absent where the runtime cannot.
   */
  attach?(containerId: string, request: AttachRequest): Promise<ExecSession>
  /** Whether probes and hooks of a container succeed that has no processes which could be asked. Absent where all have. */
  answer?(containerId: string): boolean
  /** Connects to a port on which the sandbox listens, for port-forward and proxies. */
  dial(sandboxId: string, port: number): Promise<import('node:stream').Duplex>
  /**
   * How many connections to the sandbox its programs have not taken yet: a program that stops listening resets them. Absent
   * where nobody can tell.
   */
  untakenConnections?(sandboxId: string): Promise<number>
  usage(sandboxId: string): Promise<readonly ContainerUsage[]>
  /** What a sandbox's containers have written to disk outside of their mounts, logs included; absent where nobody can tell. */
  writtenBytes?(sandboxId: string): Promise<number>
  /** What the machine offers: capacity of a node that runs on this runtime. */
  capacity(): Promise<MachineCapacity>
  /** What this system lets the runtime do, and what it does instead where it cannot: told as events and in docs. */
  limitations(): readonly Limitation[]
  /** What stands between its pods, where that is for others to fill: Services' addresses, policies. */
  podNetwork?(): Promise<import('./pod-network.ts').PodNetwork>
  /** Ends and removes everything that it started, except for runtimes whose containers outlive their agent. */
  close(): Promise<void>
}

export interface ImageInfo {
  /** Canonical reference: `docker.io/library/node:24`. */
  readonly reference: string
  /** Digest or other unique id. */
  readonly id: string
  readonly sizeBytes: number
  readonly user?: string
}

export interface PulledImage extends Pick<ImageInfo, 'reference' | 'sizeBytes'> {
  /** By a container of anybody's, running or not. */
  readonly isUsed: boolean
}

/** How to log in to the registry of an image; each is tried until one is let in. */
export interface RegistryCredentials {
  readonly username: string
  readonly password: string
  /** As the secret names it: `registry.example.com:5000`. */
  readonly server: string
}

/** Why an image is not there. `reason` is what Kubernetes shows as the waiting reason. */
export class ImageError extends Error {
  override readonly name = 'ImageError'
  readonly reason: 'ErrImagePull' | 'ErrImageNeverPull' | 'InvalidImageName' | 'RegistryUnavailable'

  constructor(reason: ImageError['reason'], message: string, options?: ErrorOptions) {
    super(message, options)
    this.reason = reason
  }
}

/** A sandbox or container that cannot be made or started. `reason` is what Kubernetes shows as the waiting reason. */
export class RuntimeError extends Error {
  override readonly name = 'RuntimeError'
  readonly reason:
    'CreateContainerError' | 'CreateContainerConfigError' | 'RunContainerError' | 'FailedCreatePodSandBox'

  constructor(reason: RuntimeError['reason'], message: string, options?: ErrorOptions) {
    super(message, options)
    this.reason = reason
  }
}

export interface SandboxSpec {
  readonly namespace: string
  readonly name: string
  readonly uid: string
  /** Restarts of the pod's surroundings, from 0. */
  readonly attempt: number
  readonly hostname: string
  /** The whole name that the pod's own address has beside it, such as `a.b.default.svc.cluster.local`. */
  readonly domainName?: string
  readonly hostNetwork: boolean
  readonly labels: Readonly<Record<string, string>>
  readonly annotations: Readonly<Record<string, string>>
  /** Absent: none of the node's, and processes of one container do not see those of another. */
  readonly hostPid?: boolean
  readonly hostIpc?: boolean
  readonly shareProcessNamespace?: boolean
  /** One of its containers is. */
  readonly privileged?: boolean
  readonly sysctls?: Readonly<Record<string, string>>
  readonly ports: readonly {
    readonly containerPort: number
    readonly hostPort?: number
    readonly hostIp?: string
    readonly protocol: string
  }[]
  readonly dns: {
    readonly servers: readonly string[]
    readonly searches: readonly string[]
    readonly options?: readonly string[]
    /** For pods that no runtime can give the cluster's name server as one of `servers`: how their programs find it. */
    readonly resolver?: {
      /** With its port. */
      readonly address: string
      readonly searches: readonly string[]
      readonly ndots: number
    }
  }
  readonly hostAliases: readonly { readonly ip: string; readonly hostnames: readonly string[] }[]
  /** Limits of the whole pod: the sums of its containers'. */
  readonly limits: ResourceLimits
}

export interface Sandbox {
  readonly id: string
  readonly podUid: string
  readonly namespace: string
  readonly name: string
  readonly attempt: number
  /** The pod's address. */
  readonly ip: string
  readonly ready: boolean
  readonly createdAtMs: number
  /** What is not as its pod asked for, such as a port that needs privileges. */
  readonly remarks?: readonly string[]
}

export interface ResourceLimits {
  /** Thousandths of a CPU; absent: unlimited. */
  readonly cpuMillis?: number
  readonly cpuRequestMillis?: number
  readonly memoryBytes?: number
}

export interface ContainerSpec {
  readonly name: string
  /** Restarts of this container of the pod, from 0. */
  readonly attempt: number
  readonly image: string
  /** Replaces the image's entry point where given. */
  readonly command?: readonly string[]
  /** Replaces the image's default arguments where given. */
  readonly args?: readonly string[]
  readonly workingDir?: string
  readonly env: Readonly<Record<string, string>>
  readonly mounts: readonly Mount[]
  readonly limits: ResourceLimits
  readonly stdin: boolean
  /** The input ends when the first who was attached to it leaves; otherwise it stays open. */
  readonly stdinOnce?: boolean
  readonly tty: boolean
  readonly security: ContainerSecurity
  /** How soon the kernel ends it where memory runs out: -1000 never, 1000 first. Default 0. */
  readonly oomScoreAdj?: number
  /** A file on the host that appears in the container at `terminationMessagePath`. */
  readonly terminationMessage?: { readonly hostPath: string; readonly containerPath: string }
}

export interface Mount {
  readonly hostPath: string
  readonly containerPath: string
  readonly readOnly: boolean
  /** Makes later mounts of the host visible, or the container's visible to the host. */
  readonly propagation?: 'None' | 'HostToContainer' | 'Bidirectional'
}

export interface ContainerSecurity {
  readonly runAsUser?: number
  /** In place of a number, as the image knows it. */
  readonly runAsUserName?: string
  readonly runAsGroup?: number
  readonly supplementalGroups?: readonly number[]
  readonly privileged?: boolean
  readonly readOnlyRootFilesystem?: boolean
  readonly addCapabilities?: readonly string[]
  readonly dropCapabilities?: readonly string[]
  readonly noNewPrivileges?: boolean
  /** `RuntimeDefault`, `Unconfined` (the default), or the path of a profile on the node. */
  readonly seccompProfile?: string
  /** The whole of /proc is to be seen, for containers that run containers. */
  readonly unmaskedProc?: boolean
}

export type ContainerState =
  | { readonly phase: 'created' }
  | { readonly phase: 'running'; readonly startedAtMs: number; readonly pid?: number }
  | {
      readonly phase: 'exited'
      readonly startedAtMs: number
      readonly finishedAtMs: number
      /** 128 + n where signal n ended it. */
      readonly exitCode: number
      readonly signal?: string
      readonly oomKilled: boolean
      /** Peak resident memory, where measured. */
      readonly peakMemoryBytes?: number
      /** Set where the command could not be started at all (exit code 128; on Docker 126 or 127): then `startedAtMs` is 0. */
      readonly startError?: string
    }

export interface ContainerStatus {
  /** Without the `runtime://` prefix. */
  readonly id: string
  readonly sandboxId: string
  readonly podUid: string
  readonly name: string
  readonly attempt: number
  readonly image: string
  readonly imageId: string
  readonly state: ContainerState
}

export interface LogRequest {
  readonly follow?: boolean
  readonly tailLines?: number
  readonly sinceMs?: number
  readonly signal?: AbortSignal
}

export interface LogLine {
  /** Wall-clock milliseconds, with a fraction where the runtime keeps nanoseconds. */
  readonly timeMs: number
  readonly stream: 'stdout' | 'stderr'
  /** With its line end, where the container wrote one. */
  readonly bytes: Uint8Array
}

export interface ExecRequest {
  readonly command: readonly string[]
  readonly stdin: boolean
  readonly tty: boolean
  readonly signal?: AbortSignal
}

export type AttachRequest = Omit<ExecRequest, 'command'>

export interface ExecSession {
  readonly stdin?: import('node:stream').Writable
  readonly stdout: import('node:stream').Readable
  readonly stderr?: import('node:stream').Readable
  resize(columns: number, rows: number): void
  readonly exitCode: Promise<number>
}

export interface ContainerUsage {
  readonly name: string
  /** CPU time used since the start, in milliseconds. */
  readonly cpuMs: number
  readonly memoryBytes: number
  readonly processes: number
}

export interface MachineCapacity {
  readonly cpuMillis: number
  readonly memoryBytes: number
  readonly diskBytes: number
  readonly pods: number
}

/** Something that Kubernetes promises and this system does not let the runtime keep. */
export interface Limitation {
  /** Event reason, such as `NetworkNotIsolated`. */
  readonly reason: string
  readonly message: string
}
