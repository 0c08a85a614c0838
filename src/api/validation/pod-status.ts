import type { ContainerStatus, Pod, PodStatus } from '../generated/core-v1.ts'
import { duplicate, forbidden, invalid } from '../meta/field-error.ts'
import type { FieldError } from '../meta/field-error.ts'
import { parseIp } from '../meta/ip-address.ts'
import { dnsSubdomainProblems, labelKeyProblems } from '../meta/names.ts'
import { validateLenientIp } from './addresses.ts'
import { named, unlessSame } from './object-meta.ts'

const OWN_CONDITIONS = ['PodScheduled', 'Ready', 'Initialized']
const NO_GENERATION = 'must be a non-negative integer'

export function validatePodStatus({ spec, status = {} }: Pod): FieldError[] {
  const { conditions = [], observedGeneration = 0 } = status
  const errors = conditions.flatMap(({ type, observedGeneration: seen = 0 }, i) => {
    const path = `status.conditions[${i}]`
    const early = seen < 0 ? [invalid(`${path}.observedGeneration`, seen, NO_GENERATION)] : []
    if (OWN_CONDITIONS.includes(type)) return early
    return [...early, ...named(`${path}.Type`, type, labelKeyProblems(type))]
  })
  if (observedGeneration < 0) errors.push(invalid('status.observedGeneration', observedGeneration, NO_GENERATION))
  errors.push(...validateClaimStatuses(status, spec?.resourceClaims ?? []))
  for (const field of CONTAINER_LISTS) errors.push(...validateUsers(status[field] ?? [], `status.${field}`, spec?.os))
  return errors
}

const CONTAINER_LISTS = ['containerStatuses', 'initContainerStatuses', 'ephemeralContainerStatuses'] as const

/** What may not become of a pod's status: ValidatePodStatusUpdate. */
export function validatePodStatusUpdate(pod: Pod, old: Pod): FieldError[] {
  const [status, before] = [pod.status ?? {}, old.status ?? {}]
  const { nominatedNodeName: nominated = '' } = status
  const errors: FieldError[] = []
  if (nominated !== '' && nominated !== before.nominatedNodeName) {
    errors.push(...named('status.nominatedNodeName', nominated, dnsSubdomainProblems(nominated)))
  }
  errors.push(...unlessSame('status.qosClass', status.qosClass, before.qosClass))
  errors.push(...validateTransitions(pod, old))
  errors.push(...validateIps('podIPs', ipsOf(status.podIPs), ipsOf(before.podIPs)))
  return [...errors, ...validateHostIps(status, before)]
}

/** A container that has ended does so for good, unless its pod's policy has it started again. */
function validateTransitions(pod: Pod, old: Pod): FieldError[] {
  const { restartPolicy = 'Always', initContainers = [] } = old.spec ?? {}
  const sidecars = new Set(initContainers.filter((one) => one.restartPolicy === 'Always').map(({ name }) => name))
  return CONTAINER_LISTS.flatMap((list) => {
    const now = pod.status?.[list] ?? []
    return (old.status?.[list] ?? []).flatMap((was, i) => {
      const ended = was.state?.terminated
      if (ended === undefined || (list === 'initContainerStatuses' && sidecars.has(was.name))) return []
      const isRestarted = restartPolicy === 'Always' || (restartPolicy === 'OnFailure' && ended.exitCode !== 0)
      if (isRestarted && list !== 'ephemeralContainerStatuses') return []
      const revived = now.filter(({ name, state }) => name === was.name && state?.terminated === undefined)
      return revived.map(() =>
        forbidden(`status.${list}[${i}].state`, 'may not be transitioned to non-terminated state'),
      )
    })
  })
}

type Ips = PodStatus['podIPs']
const ipsOf = (ips: Ips): readonly string[] => (ips ?? []).map(({ ip }) => ip ?? '')

/** At most one address of each family; those that were there may stay as they are. */
function validateIps(field: string, ips: readonly string[], before: readonly string[]): FieldError[] {
  const path = `status.${field}`
  const errors = ips.flatMap((ip, i) => (before.includes(ip) ? [] : validateLenientIp(`${path}[${i}]`, ip)))
  if (ips.length < 2) return errors
  const unread = ips.findIndex((ip) => parseIp(ip) === undefined)
  if (unread >= 0) {
    const problem = `failed to check for dual stack with error:invalid IP[${unread}]: ${ips[unread]}`
    errors.push({ reason: 'InternalError', field: path, message: `Internal error: ${problem}` })
  }
  const families = new Set(ips.map((ip) => ip.includes(':')))
  if (unread < 0 && ips.length === 2 && families.size === 2) return errors
  // As Go shows its own structs.
  const shown = ips.map((ip) => ({ IP: ip }))
  return [...errors, invalid(path, shown, 'may specify no more than one IP for each IP family')]
}

function validateHostIps({ hostIP = '', hostIPs = [] }: PodStatus, before: PodStatus): FieldError[] {
  const [first = ''] = ipsOf(hostIPs)
  if (hostIPs.length === 0) return []
  const other = hostIP === first ? [] : [invalid('status.hostIPs[0].ip', first, 'must be equal to `hostIP`')]
  return [...other, ...validateIps('hostIPs', ipsOf(hostIPs), ipsOf(before.hostIPs))]
}

function validateClaimStatuses(
  { resourceClaimStatuses = [] }: PodStatus,
  claims: readonly { readonly name: string }[],
): FieldError[] {
  const seen = new Set<string>()
  return resourceClaimStatuses.flatMap(({ name, resourceClaimName }, i) => {
    const path = `status.resourceClaimStatuses[${i}].name`
    const known = claims.some((claim) => claim.name === name)
    const errors = known ? [] : [invalid(path, name, 'must match the name of an entry in `spec.resourceClaims`')]
    if (seen.has(name)) errors.push(duplicate(path, name))
    seen.add(name)
    if (resourceClaimName === undefined) return errors
    return [...errors, ...named(path, resourceClaimName, dnsSubdomainProblems(resourceClaimName))]
  })
}

const HIGHEST_ID = 0x7fffffff

/** As whom containers run, where nodes say so. */
function validateUsers(statuses: readonly ContainerStatus[], path: string, os?: { readonly name: string }) {
  return statuses.flatMap(({ user }, i) => {
    const at = `${path}[${i}].user.linux`
    if (user?.linux === undefined) return []
    if (os?.name === 'windows') return [forbidden(at, 'cannot be set for a windows pod')]
    const { uid, gid, supplementalGroups = [] } = user.linux
    const groups = supplementalGroups.flatMap((group, k) => validateId(`${at}.supplementalGroups[${k}]`, group))
    return [...validateId(`${at}.uid`, uid), ...validateId(`${at}.gid`, gid), ...groups]
  })
}

const validateId = (path: string, id: number): FieldError[] =>
  id >= 0 && id <= HIGHEST_ID ? [] : [invalid(path, id, `must be between 0 and ${HIGHEST_ID}, inclusive`)]
