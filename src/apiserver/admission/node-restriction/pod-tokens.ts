import type { PersistentVolume, PersistentVolumeClaim, Pod, Volume } from '../../../api/generated/core-v1.ts'
import type { CSIDriver } from '../../../api/generated/storage-v1.ts'
import type { TokenRequest } from '../../../api/generated/authentication-v1.ts'
import type { Snapshot } from '../../../store/store.ts'
import type { Authorizer } from '../../verbs/authorizer.ts'
import type { AdmissionRequest } from '../admission.ts'
import type { NodeRule } from './node-rule.ts'
import { refuse } from './node-rule.ts'
import { existingPod } from './own-pods.ts'

/** A token for an account is bound to a pod of the node, and for an audience that the pod names or a rule gives the node. */
export function tokensOfOwnPods(authorizer: Authorizer): NodeRule {
  return (node, request) => {
    if (request.operation !== 'CREATE' || request.subresource !== 'token') return
    const { spec } = request.object as unknown as TokenRequest
    const { apiVersion, kind, name = '', uid = '' } = spec.boundObjectRef ?? {}
    if (apiVersion !== 'v1' || kind !== 'Pod' || name === '') refuse(request, 'node requested token not bound to a pod')
    if (uid === '') refuse(request, 'node requested token with a pod binding without a uid')
    const pod = existingPod(request, name)
    if (uid !== pod.metadata.uid) {
      const why = `the UID in the bound object reference (${uid}) does not match the UID in record.`
      refuse(request, `${why} The object might have been deleted and then recreated`)
    }
    if (pod.spec?.nodeName !== node)
      refuse(request, 'node requested token bound to a pod scheduled on a different node')
    refuseAudience(authorizer, request, pod, spec.audiences ?? [])
  }
}

function refuseAudience(
  authorizer: Authorizer,
  request: AdmissionRequest,
  pod: Pod,
  [audience = '', ...others]: readonly string[],
): void {
  if (others.length > 0) refuse(request, 'node may only request 0 or 1 audiences')
  if ((pod.spec?.volumes ?? []).some((volume) => namesAudience(request.head, pod, volume, audience))) return
  const verb = 'request-serviceaccounts-token-audience'
  const { user, namespace, name } = request
  const asked = { user, verb, group: '', version: 'v1', resource: audience, name, ...(namespace && { namespace }) }
  if (authorizer.authorize(asked).allowed) return
  const why = `audience "${audience}" not found in pod spec volume`
  refuse(request, `${why}, ${user.name} is not authorized to request tokens for this audience`)
}

/** By a projected token, or by the driver of a CSI volume, which may ask for tokens of its own. */
function namesAudience(head: Snapshot, pod: Pod, volume: Volume, audience: string): boolean {
  const isProjected = ({
    serviceAccountToken: token,
  }: {
    readonly serviceAccountToken?: { readonly audience?: string }
  }) => token !== undefined && (token.audience ?? '') === audience
  if (volume.projected?.sources?.some(isProjected)) return true
  const driver = head.get('csidrivers.storage.k8s.io', driverOf(head, pod, volume) ?? '')?.object as
    CSIDriver | undefined
  return driver?.spec.tokenRequests?.some((one) => one.audience === audience) ?? false
}

function driverOf(head: Snapshot, { metadata }: Pod, volume: Volume): string | undefined {
  const { csi, persistentVolumeClaim, ephemeral, name } = volume
  if (csi !== undefined) return csi.driver
  const claimName = ephemeral === undefined ? persistentVolumeClaim?.claimName : `${metadata.name}-${name}`
  if (claimName === undefined) return undefined
  const claim = head.get('persistentvolumeclaims', `${metadata.namespace}/${claimName}`)?.object
  const volumeName = (claim as PersistentVolumeClaim | undefined)?.spec?.volumeName ?? ''
  const bound = head.get('persistentvolumes', volumeName)?.object as PersistentVolume | undefined
  return bound?.spec?.csi?.driver
}
