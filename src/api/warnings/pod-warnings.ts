import type { Container, PodSpec, Volume } from '../generated/core-v1.ts'
import type { ObjectMeta } from '../generated/meta-v1.ts'
import { canonicalQuantity, isWhole } from '../meta/quantity.ts'
import { warnOfIp } from './address-warnings.ts'
import { deprecationOfLabel, warnOfTerm } from './node-labels.ts'
import { warnOfPorts } from './port-warnings.ts'

const ANNOTATIONS: Readonly<Record<string, string>> = {
  'scheduler.alpha.kubernetes.io/critical-pod': 'non-functional in v1.16+; use the "priorityClassName" field instead',
  'security.alpha.kubernetes.io/sysctls': 'non-functional in v1.11+; use the "sysctls" field instead',
  'security.alpha.kubernetes.io/unsafe-sysctls': 'non-functional in v1.11+; use the "sysctls" field instead',
}

const VOLUMES: Readonly<Partial<Record<keyof Volume, string>>> = {
  photonPersistentDisk: 'deprecated in v1.11, non-functional in v1.16+',
  gitRepo: 'deprecated in v1.11, and disabled by default in v1.33+',
  scaleIO: 'deprecated in v1.16, non-functional in v1.22+',
  flocker: 'deprecated in v1.22, non-functional in v1.25+',
  storageos: 'deprecated in v1.22, non-functional in v1.25+',
  quobyte: 'deprecated in v1.22, non-functional in v1.25+',
  glusterfs: 'deprecated in v1.25, non-functional in v1.26+',
  cephfs: 'deprecated in v1.28, non-functional in v1.31+',
  rbd: 'deprecated in v1.28, non-functional in v1.31+',
}
/** Fields that Kubernetes names otherwise in its warnings. */
const SHOWN: Readonly<Record<string, string>> = { storageos: 'storageOS' }

const SECCOMP = 'non-functional in v1.27+; use the "seccompProfile" field instead'
const APPARMOR = 'deprecated since v1.30; use the "appArmorProfile" field instead'
const NO_SELECTOR = 'a null labelSelector results in matching no pod'

/** What an author of a pod should know although it is valid. `path` is where the pod lies: empty for a pod itself. */
export function warnOfPod(spec: PodSpec, metadata: ObjectMeta, path: string): readonly string[] {
  const inPod = path === '' ? 'spec' : `${path}.spec`
  const annotations = metadata.annotations ?? {}
  const annotated = path === '' ? 'metadata.annotations' : `${path}.metadata.annotations`
  const warnings = [...warnOfPlacement(spec, inPod)]
  for (const [key, text] of Object.entries(ANNOTATIONS)) {
    if (annotations[key] !== undefined) warnings.push(`${annotated}[${key}]: ${text}`)
  }
  warnings.push(...(spec.volumes ?? []).flatMap((volume, i) => warnOfVolume(volume, `${inPod}.volumes[${i}]`)))
  warnings.push(...warnOfRepeated(spec, inPod), ...warnOfFractions(spec.overhead, `${inPod}.overhead`))
  const seccomp = 'seccomp.security.alpha.kubernetes.io/pod'
  if (spec.securityContext?.seccompProfile === undefined && annotations[seccomp] !== undefined) {
    warnings.push(`${annotated}[${seccomp}]: ${SECCOMP}`)
  }
  const containers = containersOf(spec, inPod)
  for (const [container, at] of containers) {
    warnings.push(...warnOfAnnotations(container, annotations, annotated, path !== ''))
    warnings.push(...warnOfContainer(container, at))
  }
  warnings.push(...warnOfPorts(containers))
  if ((spec.terminationGracePeriodSeconds ?? 0) < 0) {
    warnings.push(
      `${inPod}.terminationGracePeriodSeconds: must be >= 0; negative values are invalid and will be treated as 1`,
    )
  }
  return [...warnings, ...warnOfAffinity(spec, inPod), ...warnOfAddresses(spec, inPod)]
}

function containersOf(spec: PodSpec, path: string): readonly (readonly [Container, string])[] {
  return (['initContainers', 'containers', 'ephemeralContainers'] as const).flatMap((list) =>
    (spec[list] ?? []).map((one, i) => [one as Container, `${path}.${list}[${i}]`] as const),
  )
}

function warnOfPlacement(spec: PodSpec, path: string): readonly string[] {
  const warnings: string[] = []
  for (const label of Object.keys(spec.nodeSelector ?? {})) {
    const deprecation = deprecationOfLabel(label)
    if (deprecation !== undefined) warnings.push(`${path}.nodeSelector[${label}]: ${deprecation}`)
  }
  const affinity = spec.affinity?.nodeAffinity
  const at = `${path}.affinity.nodeAffinity`
  affinity?.requiredDuringSchedulingIgnoredDuringExecution?.nodeSelectorTerms.forEach((term, i) => {
    const where = `${at}.requiredDuringSchedulingIgnoredDuringExecution.nodeSelectorTerms[${i}]`
    warnings.push(...warnOfTerm(term, where, false))
  })
  affinity?.preferredDuringSchedulingIgnoredDuringExecution?.forEach(({ preference }, i) => {
    const where = `${at}.preferredDuringSchedulingIgnoredDuringExecution[${i}].preference`
    warnings.push(...warnOfTerm(preference, where, true))
  })
  spec.topologySpreadConstraints?.forEach(({ topologyKey, labelSelector }, i) => {
    const where = `${path}.topologySpreadConstraints[${i}]`
    const deprecation = deprecationOfLabel(topologyKey)
    if (deprecation !== undefined) warnings.push(`${where}.topologyKey: ${topologyKey} is ${deprecation}`)
    if (labelSelector === undefined) warnings.push(`${where}.labelSelector: ${NO_SELECTOR}`)
  })
  return warnings
}

function warnOfVolume(volume: Volume, path: string): readonly string[] {
  const kinds = Object.entries(VOLUMES).filter(([kind]) => volume[kind as keyof Volume] !== undefined)
  const warnings = kinds.map(([kind, text]) => `${path}.${SHOWN[kind] ?? kind}: ${text}`)
  const claim = volume.ephemeral?.volumeClaimTemplate?.spec.resources
  const at = `${path}.ephemeral.volumeClaimTemplate.spec.resources`
  return claim === undefined ? warnings : [...warnings, ...warnOfClaim(claim, at)]
}

type Amounts = Readonly<Record<string, string | number>> | undefined

/** Of a claim's requests and limits. */
export function warnOfClaim(resources: { requests?: Amounts; limits?: Amounts } | undefined, path: string) {
  return (['requests', 'limits'] as const).flatMap((part) =>
    warnOfFractions(resources?.[part], `${path}.${part}`, ['storage']),
  )
}

function warnOfFractions(amounts: Amounts, path: string, names = ['memory', 'ephemeral-storage']): readonly string[] {
  return names.flatMap((name) => {
    const amount = amounts?.[name]
    if (amount === undefined || isWhole(amount)) return []
    const shown = canonicalQuantity(String(amount)) ?? String(amount)
    return [`${path}[${name}]: fractional byte value ${JSON.stringify(shown)} is invalid, must be an integer`]
  })
}

function warnOfRepeated(spec: PodSpec, path: string): readonly string[] {
  const repeated = (values: readonly string[], field: string, key: string) =>
    values.flatMap((value, i) =>
      values.indexOf(value) < i ? [`${path}.${field}[${i}].${key}: duplicate ${key} ${JSON.stringify(value)}`] : [],
    )
  const secrets = (spec.imagePullSecrets ?? []).map(({ name = '' }) => name)
  const nameless = secrets.flatMap((name, i) =>
    name === '' ? [`${path}.imagePullSecrets[${i}].name: invalid empty name ""`] : [],
  )
  const addresses = (spec.hostAliases ?? []).map(({ ip }) => ip)
  return [...repeated(addresses, 'hostAliases', 'ip'), ...repeated(secrets, 'imagePullSecrets', 'name'), ...nameless]
}

function warnOfAnnotations(
  { name, securityContext }: Container,
  annotations: Readonly<Record<string, string>>,
  path: string,
  isTemplate: boolean,
): readonly string[] {
  const seccomp = `container.seccomp.security.alpha.kubernetes.io/${name}`
  const warnings: string[] = []
  if (annotations[seccomp] !== undefined && securityContext?.seccompProfile === undefined) {
    warnings.push(`${path}[${seccomp}]: ${SECCOMP}`)
  }
  const appArmor = `container.apparmor.security.beta.kubernetes.io/${name}`
  if (!isTemplate || annotations[appArmor] === undefined || securityContext?.appArmorProfile !== undefined) {
    return warnings
  }
  return [...warnings, `${path}[${appArmor}]: ${APPARMOR}`]
}

function warnOfContainer({ resources, env = [] }: Container, path: string): readonly string[] {
  const at = `${path}.resources`
  const [limits, requests] = [resources?.limits, resources?.requests]
  const warnings = ['memory', 'ephemeral-storage'].flatMap((name) => [
    ...warnOfFractions(limits, `${at}.limits`, [name]),
    ...warnOfFractions(requests, `${at}.requests`, [name]),
  ])
  const seen = new Set<string>()
  env.forEach(({ name, value = '', valueFrom }, i) => {
    const reference = `$(${name})`
    const hides = valueFrom !== undefined || value === reference || !value.includes(reference)
    if (seen.has(name) && hides) {
      warnings.push(
        `${path}.env[${i}]: hides previous definition of ${JSON.stringify(name)}, which may be dropped when using apply`,
      )
    }
    seen.add(name)
  })
  return warnings
}

function warnOfAffinity({ affinity }: PodSpec, path: string): readonly string[] {
  return (['podAffinity', 'podAntiAffinity'] as const).flatMap((kind) => {
    const { requiredDuringSchedulingIgnoredDuringExecution: required = [], ...rest } = affinity?.[kind] ?? {}
    const { preferredDuringSchedulingIgnoredDuringExecution: preferred = [] } = rest
    const at = `${path}.affinity.${kind}`
    return [
      ...required.flatMap(({ labelSelector }, i) =>
        labelSelector === undefined
          ? [`${at}.requiredDuringSchedulingIgnoredDuringExecution[${i}].labelSelector: ${NO_SELECTOR}`]
          : [],
      ),
      ...preferred.flatMap(({ podAffinityTerm: { labelSelector } }, i) => {
        const where = `${at}.preferredDuringSchedulingIgnoredDuringExecution[${i}].podAffinityTerm`
        return labelSelector === undefined ? [`${where}.labelSelector: ${NO_SELECTOR}`] : []
      }),
    ]
  })
}

const warnOfAddresses = ({ dnsConfig, hostAliases = [] }: PodSpec, path: string): readonly string[] => [
  ...(dnsConfig?.nameservers ?? []).flatMap((one, i) => warnOfIp(`${path}.dnsConfig.nameservers[${i}]`, one)),
  ...hostAliases.flatMap(({ ip }, i) => warnOfIp(`${path}.hostAliases[${i}].ip`, ip)),
]
