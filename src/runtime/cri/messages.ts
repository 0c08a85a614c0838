/**
 * The messages of the Container Runtime Interface that we send and read, as `runtime-v1.proto` defines them, with names as
 * JavaScript writes them. Times are nanoseconds as numbers, exact to a quarter of a microsecond. What is received has every
 * field: messages that were not sent are null.
 */
export interface CriCalls {
  readonly Version: Call<object, { readonly runtimeName: string; readonly runtimeVersion: string }>
  readonly Status: Call<object, { readonly status: { readonly conditions: readonly CriCondition[] } | null }>
  readonly RunPodSandbox: Call<{ readonly config: PodSandboxConfig }, { readonly podSandboxId: string }>
  readonly StopPodSandbox: Call<OfSandbox, object>
  readonly RemovePodSandbox: Call<OfSandbox, object>
  readonly PodSandboxStatus: Call<
    OfSandbox & { readonly verbose?: boolean },
    { readonly status: PodSandboxStatus | null; readonly info: Readonly<Record<string, string>> }
  >
  readonly ListPodSandbox: Call<Selected, { readonly items: readonly ListedSandbox[] }>
  readonly CreateContainer: Call<CreateContainerRequest, { readonly containerId: string }>
  readonly StartContainer: Call<OfContainer, object>
  readonly StopContainer: Call<OfContainer & { readonly timeout: number }, object>
  readonly RemoveContainer: Call<OfContainer, object>
  readonly ListContainers: Call<Selected, { readonly containers: readonly ListedContainer[] }>
  readonly ContainerStatus: Call<OfContainer, { readonly status: CriContainerStatus | null }>
  readonly UpdateContainerResources: Call<OfContainer & { readonly linux: LinuxResources }, object>
  readonly ReopenContainerLog: Call<OfContainer, object>
  readonly Exec: Call<OfContainer & StreamsWanted & { readonly cmd: readonly string[] }, { readonly url: string }>
  readonly Attach: Call<OfContainer & StreamsWanted, { readonly url: string }>
  readonly ListContainerStats: Call<Selected, { readonly stats: readonly CriContainerStats[] }>
  readonly ImageStatus: Call<{ readonly image: ImageSpec }, { readonly image: CriImage | null }>
  readonly RemoveImage: Call<{ readonly image: ImageSpec }, object>
  readonly PullImage: Call<PullImageRequest, { readonly imageRef: string }>
}

interface Call<Request, Response> {
  readonly request: Request
  readonly response: Response
}

interface OfSandbox {
  readonly podSandboxId: string
}

interface OfContainer {
  readonly containerId: string
}

/** What a list is of: everything with these labels, or in this sandbox. */
interface Selected {
  readonly filter: { readonly labelSelector?: Labels; readonly podSandboxId?: string }
}

type Labels = Readonly<Record<string, string>>

export interface StreamsWanted {
  readonly tty: boolean
  readonly stdin: boolean
  readonly stdout: boolean
  readonly stderr: boolean
}

export interface CriCondition {
  readonly type: string
  readonly status: boolean
  readonly reason: string
  readonly message: string
}

/** Whose namespace a process is in: the pod's, the container's own, or the node's. */
export type NamespaceMode = 'POD' | 'CONTAINER' | 'NODE'

export interface NamespaceOptions {
  readonly network: NamespaceMode
  readonly pid: NamespaceMode
  readonly ipc: NamespaceMode
}

export interface SecurityProfile {
  readonly profileType: 'RuntimeDefault' | 'Unconfined' | 'Localhost'
  readonly localhostRef?: string
}

interface Number64 {
  readonly value: number
}

export interface PodSandboxConfig {
  readonly metadata: SandboxMetadata
  readonly hostname: string
  readonly logDirectory: string
  readonly dnsConfig?: {
    readonly servers: readonly string[]
    readonly searches: readonly string[]
    readonly options: readonly string[]
  }
  readonly portMappings: readonly {
    readonly protocol: string
    readonly containerPort: number
    readonly hostPort: number
    readonly hostIp: string
  }[]
  readonly labels: Labels
  readonly annotations: Labels
  readonly linux: {
    readonly cgroupParent: string
    readonly securityContext: {
      readonly namespaceOptions: NamespaceOptions
      readonly privileged: boolean
      readonly seccomp: SecurityProfile
    }
    readonly sysctls: Labels
  }
}

export interface SandboxMetadata {
  readonly name: string
  readonly uid: string
  readonly namespace: string
  readonly attempt: number
}

export interface ListedSandbox {
  readonly id: string
  readonly metadata: SandboxMetadata
  readonly state: 'SANDBOX_READY' | 'SANDBOX_NOTREADY'
  readonly createdAt: number
  readonly labels: Labels
}

export interface PodSandboxStatus extends ListedSandbox {
  readonly network: { readonly ip: string } | null
  readonly linux: { readonly namespaces: { readonly options: NamespaceOptions | null } | null } | null
}

interface CreateContainerRequest extends OfSandbox {
  readonly config: ContainerConfig
  readonly sandboxConfig: PodSandboxConfig
}

export interface ImageSpec {
  readonly image: string
}

export interface ContainerConfig {
  readonly metadata: { readonly name: string; readonly attempt: number }
  readonly image: ImageSpec
  readonly command: readonly string[]
  readonly args: readonly string[]
  readonly workingDir: string
  readonly envs: readonly { readonly key: string; readonly value: string }[]
  readonly mounts: readonly CriMount[]
  readonly labels: Labels
  readonly annotations: Labels
  /** Beneath the sandbox's directory for logs. */
  readonly logPath: string
  readonly stdin: boolean
  readonly stdinOnce: boolean
  readonly tty: boolean
  readonly linux: {
    readonly resources: LinuxResources
    readonly securityContext: LinuxContainerSecurity
  }
}

export interface CriMount {
  readonly hostPath: string
  readonly containerPath: string
  readonly readonly: boolean
  readonly propagation: 'PROPAGATION_PRIVATE' | 'PROPAGATION_HOST_TO_CONTAINER' | 'PROPAGATION_BIDIRECTIONAL'
}

export interface LinuxResources {
  readonly cpuPeriod?: number
  readonly cpuQuota?: number
  readonly cpuShares?: number
  readonly memoryLimitInBytes?: number
  readonly oomScoreAdj: number
}

export interface LinuxContainerSecurity {
  readonly capabilities?: { readonly addCapabilities: readonly string[]; readonly dropCapabilities: readonly string[] }
  readonly privileged: boolean
  readonly namespaceOptions: NamespaceOptions
  readonly runAsUser?: Number64
  readonly runAsUsername?: string
  readonly runAsGroup?: Number64
  readonly readonlyRootfs: boolean
  readonly supplementalGroups: readonly number[]
  readonly noNewPrivs: boolean
  readonly maskedPaths: readonly string[]
  readonly readonlyPaths: readonly string[]
  readonly seccomp: SecurityProfile
}

export type CriContainerState = 'CONTAINER_CREATED' | 'CONTAINER_RUNNING' | 'CONTAINER_EXITED' | 'CONTAINER_UNKNOWN'

export interface ListedContainer {
  readonly id: string
  readonly podSandboxId: string
  readonly metadata: { readonly name: string; readonly attempt: number }
  readonly state: CriContainerState
  readonly labels: Labels
  /** The image's id, at some engines its digest. */
  readonly imageRef: string
}

export interface CriContainerStatus {
  readonly id: string
  readonly metadata: { readonly name: string; readonly attempt: number }
  readonly state: CriContainerState
  readonly startedAt: number
  readonly finishedAt: number
  readonly exitCode: number
  readonly image: ImageSpec | null
  readonly imageRef: string
  readonly reason: string
  readonly message: string
  readonly labels: Labels
}

export interface CriContainerStats {
  readonly attributes: { readonly id: string; readonly metadata: { readonly name: string } } | null
  readonly cpu: { readonly usageCoreNanoSeconds: Number64 | null } | null
  readonly memory: { readonly workingSetBytes: Number64 | null } | null
}

export interface CriImage {
  readonly id: string
  readonly repoTags: readonly string[]
  readonly repoDigests: readonly string[]
  readonly size: number
  readonly uid: Number64 | null
  readonly username: string
}

export interface CriAuth {
  readonly username: string
  readonly password: string
  readonly serverAddress: string
}

interface PullImageRequest {
  readonly image: ImageSpec
  readonly auth?: CriAuth
  readonly sandboxConfig?: PodSandboxConfig
}
