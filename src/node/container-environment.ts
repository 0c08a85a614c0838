import type { Container, EnvFromSource, EnvVar, Pod } from '../api/generated/core-v1.ts'
import type { Client } from '../client/client.ts'
import { ContainerConfigError } from './config-error.ts'
import type { FieldFacts } from './pod-fields.ts'
import { podField, resourceField } from './pod-fields.ts'
import { configMapData, secretData } from './pod-sources.ts'
import type { SourceData } from './pod-sources.ts'
import { serviceEnvironment } from './service-environment.ts'
import { expand } from './variable-expansion.ts'

/**
 * A container's environment: first that of Services, then all of `envFrom`, then `env`, later ones over earlier ones; `$(NAME)` refers to what
 * stands before. Rejects with a {@link ContainerConfigError} where a source is missing and not optional.
 */
export async function containerEnvironment(
  client: Client,
  pod: Pod,
  container: Container,
  facts: FieldFacts,
): Promise<Readonly<Record<string, string>>> {
  const variables: Record<string, string> = Object.create(null) as Record<string, string>
  Object.assign(variables, await serviceEnvironment(client, pod))
  for (const source of container.envFrom ?? []) {
    const data = await wholeSource(client, pod, source)
    for (const [key, bytes] of data ?? []) variables[`${source.prefix ?? ''}${key}`] = Buffer.from(bytes).toString()
  }
  for (const variable of container.env ?? []) {
    const value = await valueOf(client, pod, container, variable, facts)
    if (value !== undefined) variables[variable.name] = variable.valueFrom ? value : expand(value, variables)
  }
  return variables
}

async function wholeSource(client: Client, pod: Pod, source: EnvFromSource): Promise<SourceData | undefined> {
  const namespace = pod.metadata.namespace ?? ''
  const reference = source.configMapRef ?? source.secretRef
  const name = reference?.name ?? ''
  const data = await (source.configMapRef ? configMapData : secretData)(client, namespace, name)
  const kind = source.configMapRef ? 'configmap' : 'secret'
  if (data === undefined && reference?.optional !== true) throw new ContainerConfigError(`${kind} "${name}" not found`)
  return data
}

async function valueOf(client: Client, pod: Pod, container: Container, variable: EnvVar, facts: FieldFacts) {
  const from = variable.valueFrom
  if (from === undefined) return variable.value ?? ''
  if (from.fieldRef !== undefined) return podField(pod, from.fieldRef.fieldPath, facts) ?? ''
  if (from.resourceFieldRef !== undefined) {
    const { containerName, resource, divisor } = from.resourceFieldRef
    const named = pod.spec?.containers.find(({ name }) => name === containerName)
    return resourceField(named ?? container, resource, divisor, facts)
  }
  const reference = from.configMapKeyRef ?? from.secretKeyRef
  return reference === undefined ? '' : await keyOfSource(client, pod, reference, from.configMapKeyRef !== undefined)
}

async function keyOfSource(
  client: Client,
  pod: Pod,
  reference: { readonly name?: string; readonly key: string; readonly optional?: boolean },
  isConfigMap: boolean,
): Promise<string | undefined> {
  const { name = '', key, optional } = reference
  const namespace = pod.metadata.namespace ?? ''
  const data = await (isConfigMap ? configMapData : secretData)(client, namespace, name)
  const value = data?.get(key)
  if (value !== undefined) return Buffer.from(value).toString()
  if (optional === true) return undefined
  if (data === undefined) throw new ContainerConfigError(`${isConfigMap ? 'configmap' : 'secret'} "${name}" not found`)
  const kind = isConfigMap ? 'ConfigMap' : 'Secret'
  throw new ContainerConfigError(`couldn't find key ${key} in ${kind} ${namespace}/${name}`)
}
