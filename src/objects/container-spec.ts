import type { Container, ResourceRequirements } from '../api/generated/core-v1.ts'
import type { KubernetesCluster } from './cluster.ts'

/** What a container runs, and with what. */
export interface ContainerOptions {
  /** Default: the container's name. */
  readonly image?: string
  /** In place of the image's entry point. */
  readonly command?: readonly string[]
  readonly args?: readonly string[]
  readonly env?: Readonly<Record<string, string>>
  /** Ports that it listens on. */
  readonly ports?: readonly number[]
  readonly resources?: ResourceRequirements
}

/** The container as Kubernetes has it. What the cluster's settings say is in its environment, beneath its own `env`. */
export function containerOf(
  name: string,
  { image = name, command, args, env = {}, ports = [], resources }: ContainerOptions,
  { config }: Pick<KubernetesCluster, 'config'>,
): Container {
  const variables = Object.entries(env).map(([key, value]) => ({ name: key, value }))
  return {
    name,
    image,
    ...(command !== undefined && { command }),
    ...(args !== undefined && { args }),
    ...(variables.length > 0 && { env: variables }),
    ...(config !== undefined && { envFrom: [{ configMapRef: { name: config.name } }] }),
    ...(ports.length > 0 && { ports: ports.map((containerPort) => ({ containerPort })) }),
    ...(resources !== undefined && { resources }),
  }
}
