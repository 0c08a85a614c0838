import type { Draft } from '../draft.ts'
import type { Container, HTTPGetAction, LifecycleHandler, Probe } from '../generated/core-v1.ts'
import { setDefaults, setDefaultsOfZero } from './set-default.ts'

/** Containers, init containers and ephemeral containers alike. */
export function defaultContainer(container: Draft<Container>): void {
  setDefaultsOfZero(container, {
    imagePullPolicy: pullPolicyOf(container.image ?? ''),
    terminationMessagePath: '/dev/termination-log',
    terminationMessagePolicy: 'File',
  })
  container.resources ??= {}
  for (const port of container.ports ?? []) setDefaultsOfZero(port, { protocol: 'TCP' })
  for (const { valueFrom } of container.env ?? []) {
    if (valueFrom?.fieldRef) setDefaultsOfZero(valueFrom.fieldRef, { apiVersion: 'v1' })
    if (valueFrom?.resourceFieldRef) setDefaults(valueFrom.resourceFieldRef, { divisor: '0' })
    if (valueFrom?.fileKeyRef) setDefaults(valueFrom.fileKeyRef, { optional: false })
  }
  for (const probe of [container.livenessProbe, container.readinessProbe, container.startupProbe]) defaultProbe(probe)
  for (const handler of [container.lifecycle?.preStop, container.lifecycle?.postStart]) defaultHandler(handler)
  if (container.securityContext) setDefaultsOfZero(container.securityContext, {})
}

/** A name of an image, loosely: its parts in lower case, a tag, a digest. */
const IMAGE = /^(?:[\w.-]+(?::\d+)?\/)?[a-z0-9]+(?:[._/-]+[a-z0-9]+)*(?::[\w][\w.-]*)?$/
const LONGEST_IMAGE = 255

/** `Always` where the image has the tag `latest` or none; a digest counts as a tag of its own, and so does what is no name. */
function pullPolicyOf(image: string): string {
  if (image.includes('@') || (image !== '' && !isImageName(image))) return 'IfNotPresent'
  const colon = image.lastIndexOf(':')
  const tag = colon > image.lastIndexOf('/') ? image.slice(colon + 1) : 'latest'
  return tag === 'latest' ? 'Always' : 'IfNotPresent'
}

const isImageName = (image: string) => image.length <= LONGEST_IMAGE && IMAGE.test(image)

function defaultProbe(probe: Draft<Probe> | undefined): void {
  if (probe === undefined) return
  setDefaultsOfZero(probe, { timeoutSeconds: 1, periodSeconds: 10, successThreshold: 1, failureThreshold: 3 })
  defaultHandler(probe)
  if (probe.grpc) setDefaults(probe.grpc, { service: '' })
}

function defaultHandler(handler: Draft<LifecycleHandler> | undefined): void {
  if (handler?.httpGet) defaultHttpGet(handler.httpGet)
}

function defaultHttpGet(action: Draft<HTTPGetAction>): void {
  setDefaultsOfZero(action, { path: '/', scheme: 'HTTP' })
}

/** A resource that is limited but not requested is requested up to its limit: in pods, not in templates of them. */
export function defaultRequests(container: Draft<Container>): void {
  const { limits } = container.resources ?? {}
  if (limits === undefined || container.resources === undefined) return
  const requests = (container.resources.requests ??= {})
  for (const [name, limit] of Object.entries(limits)) requests[name] ??= limit
}
