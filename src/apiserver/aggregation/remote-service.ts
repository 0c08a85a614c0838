import type { APIService } from '../../api/generated/apiregistration-v1.ts'
import type { Snapshot } from '../../store/store.ts'
import { serviceAddress } from '../webhook/service-address.ts'

/** Storage name of API services. */
export const API_SERVICES = 'apiservices.apiregistration.k8s.io'

/** A version of a group that another server answers, behind a Service. */
export interface RemoteService {
  readonly group: string
  readonly version: string
  readonly namespace: string
  readonly name: string
  readonly port: number
  /** In PEM; undefined where the certificate is not to be looked at. */
  readonly authority: string | undefined
  readonly insecure: boolean
  readonly groupPriority: number
  readonly versionPriority: number
}

/** The APIService of a group and version, where it names a Service. */
export function remoteService(head: Snapshot, group: string, version: string): RemoteService | undefined {
  const entry = head.get(API_SERVICES, `${version}.${group}`)
  return entry === undefined ? undefined : asRemote(entry.object as APIService)
}

/** All that name a Service. */
export function remoteServices(head: Snapshot): readonly RemoteService[] {
  return [...head.list(API_SERVICES)].flatMap(({ object }) => asRemote(object as APIService) ?? [])
}

export function asRemote({ spec }: APIService): RemoteService | undefined {
  const service = spec?.service
  if (spec === undefined || service === undefined) return undefined
  return {
    group: spec.group ?? '',
    version: spec.version ?? '',
    namespace: service.namespace ?? '',
    name: service.name ?? '',
    port: service.port ?? 443,
    authority: spec.caBundle ? Buffer.from(spec.caBundle, 'base64').toString() : undefined,
    insecure: spec.insecureSkipTLSVerify === true,
    groupPriority: spec.groupPriorityMinimum,
    versionPriority: spec.versionPriority,
  }
}

/** Where it is reached now; a text that says why nowhere. */
export const addressOf = (head: Snapshot, { namespace, name, port }: RemoteService) =>
  serviceAddress(head, namespace, name, port)
