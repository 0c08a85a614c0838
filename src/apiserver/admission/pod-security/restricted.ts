import type { Container, Volume } from '../../../api/generated/core-v1.ts'
import { baselineCapabilities } from './baseline.ts'
import type { Check, Subject } from './check.ts'
import { containersOf, distinct, named, plural, quoted, setters } from './check.ts'
import { seccompBaseline, seccompRestricted } from './seccomp.ts'

const isWindows = ({ spec }: Subject, minor: number): boolean => minor >= 25 && spec.os?.name === 'windows'

const allowPrivilegeEscalation: Check = (subject, minor) => {
  if (minor < 8 || isWindows(subject, minor)) return undefined
  const bad = containersOf(subject).filter((one) => one.securityContext?.allowPrivilegeEscalation !== false)
  if (bad.length === 0) return undefined
  const detail = `${named(bad)} must set securityContext.allowPrivilegeEscalation=false`
  return { reason: 'allowPrivilegeEscalation != false', detail }
}

const capabilities: Check = (subject, minor) => {
  if (minor < 22) return baselineCapabilities(subject, minor)
  if (isWindows(subject, minor)) return undefined
  const containers = containersOf(subject)
  const extra = (one: Container) =>
    (one.securityContext?.capabilities?.add ?? []).filter((name) => name !== 'NET_BIND_SERVICE')
  const keeping = containers.filter((one) => !one.securityContext?.capabilities?.drop?.includes('ALL'))
  const adding = containers.filter((one) => extra(one).length > 0)
  const details: string[] = []
  if (keeping.length > 0) details.push(`${named(keeping)} must set securityContext.capabilities.drop=["ALL"]`)
  if (adding.length > 0) {
    const names = quoted(distinct(adding.flatMap(extra)))
    details.push(`${named(adding)} must not include ${names} in securityContext.capabilities.add`)
  }
  return details.length === 0 ? undefined : { reason: 'unrestricted capabilities', detail: details.join('; ') }
}

const VOLUMES = [
  'configMap',
  'csi',
  'downwardAPI',
  'emptyDir',
  'ephemeral',
  'image',
  'persistentVolumeClaim',
  'projected',
  'secret',
] as const

const restrictedVolumes: Check = ({ spec }) => {
  const bad = (spec.volumes ?? []).filter((volume) => VOLUMES.every((name) => volume[name] === undefined))
  if (bad.length === 0) return undefined
  const typeOf = ({ name: _, ...source }: Volume) => Object.keys(source)[0] ?? 'unknown'
  const types = distinct(bad.map(typeOf))
  const who = `${plural(bad.length, 'volume')} ${quoted(bad.map(({ name }) => name))} ${plural(bad.length, 'uses', 'use')}`
  const detail = `${who} ${plural(types.length, 'restricted volume type')} ${quoted(types)}`
  return { reason: 'restricted volume types', detail }
}

const runAsNonRoot: Check = (subject) => {
  const ofPod = subject.spec.securityContext?.runAsNonRoot
  const containers = containersOf(subject)
  const who = setters(
    ofPod === false,
    containers.filter((one) => one.securityContext?.runAsNonRoot === false),
  )
  const reason = 'runAsNonRoot != true'
  if (who !== '') return { reason, detail: `${who} must not set securityContext.runAsNonRoot=false` }
  const silent = ofPod === true ? [] : containers.filter((one) => one.securityContext?.runAsNonRoot === undefined)
  if (silent.length === 0) return undefined
  return { reason, detail: `pod or ${named(silent)} must set securityContext.runAsNonRoot=true` }
}

const runAsUser: Check = (subject, minor) => {
  if (minor < 23) return undefined
  const bad = containersOf(subject).filter((one) => one.securityContext?.runAsUser === 0)
  const who = setters(subject.spec.securityContext?.runAsUser === 0, bad)
  return who === '' ? undefined : { reason: 'runAsUser=0', detail: `${who} must not set runAsUser=0` }
}

const seccomp: Check = (subject, minor) =>
  minor < 19 ? seccompBaseline(subject, minor) : seccompRestricted(subject, minor)

/** What `restricted` checks more than `baseline`, in the order in which findings are told. */
export const RESTRICTED: readonly Check[] = [
  allowPrivilegeEscalation,
  capabilities,
  restrictedVolumes,
  runAsNonRoot,
  runAsUser,
  seccomp,
]

/** The checks of `baseline` in whose place stricter ones stand. */
export const REPLACED: ReadonlySet<string> = new Set([
  'capabilities_baseline',
  'hostPathVolumes',
  'seccompProfile_baseline',
])
