import type { PersistentVolume, PersistentVolumeClaim, Pod } from '../api/generated/core-v1.ts'
import type { Placement } from '../placement/decide.ts'
import { classOf } from '../placement/pod-claims.ts'
import type { Fix } from './explanation.ts'
import { tryPlacing } from './trial.ts'
import type { Snapshot } from './trial.ts'

/** A claim of the pod that has no volume, and what somebody has to make for it. */
interface Lack {
  readonly claimName: string
  readonly text: string
}

/** What has to be made for the pod's claims: the claim, its class or its volume; after that a trial finds a node. */
export function claimFix(snapshot: Snapshot, pod: Pod): Fix | undefined {
  const lacks = lacksOf(snapshot, pod)
  if (lacks.length === 0) return undefined
  const placement = tryWithVolumes(
    snapshot,
    pod,
    lacks.map(({ claimName }) => claimName),
  )
  const change = lacks.map(({ text }) => text).join(', and ')
  return placement.placed ? { change, changes: 'cluster', node: placement.nodeName } : undefined
}

function lacksOf({ view }: Snapshot, pod: Pod): readonly Lack[] {
  const { namespace = '' } = pod.metadata
  return (pod.spec?.volumes ?? []).flatMap(({ persistentVolumeClaim }) => {
    const claimName = persistentVolumeClaim?.claimName
    if (claimName === undefined) return []
    const claim = view.claims.get(`${namespace}/${claimName}`)
    const text = claim === undefined ? missingClaim(view, claimName) : missingVolume(view, claim)
    return text === undefined ? [] : [{ claimName, text }]
  })
}

function missingClaim({ classes }: Snapshot['view'], claimName: string): string {
  const isDefault = ({ metadata }: { metadata: { annotations?: Readonly<Record<string, string>> } }) =>
    metadata.annotations?.['storageclass.kubernetes.io/is-default-class'] === 'true'
  const usual = [...classes.values()].find(isDefault)?.metadata.name
  const from = usual === undefined ? ', with a class or a volume for it' : ` (its class is "${usual}" by default)`
  return `create the claim "${claimName}"${from}`
}

/** Undefined where the claim is bound, or somebody's provisioner is at it. */
function missingVolume({ classes }: Snapshot['view'], claim: PersistentVolumeClaim): string | undefined {
  const { metadata, spec } = claim
  if (metadata.annotations?.['pv.kubernetes.io/bind-completed'] !== undefined) return undefined
  const className = classOf(claim)
  const storageClass = classes.get(className)
  if (className !== '' && storageClass === undefined) {
    const others = [...classes.keys()].map((name) => `"${name}"`).join(', ')
    const or = others === '' ? '' : `, or make the claim "${metadata.name}" anew with a class that is there (${others})`
    return `create the class "${className}"${or}`
  }
  if (storageClass !== undefined && storageClass.provisioner !== 'kubernetes.io/no-provisioner') return undefined
  const size = spec?.resources?.requests?.['storage'] ?? '0'
  const ofClass = className === '' ? 'without a class' : `of the class "${className}"`
  return `create a volume of ${size} (${spec?.accessModes?.join(', ')}) ${ofClass} for the claim "${metadata.name}"`
}

/** What placing gives with these claims bound to volumes that any node can have; the view is as before afterwards. */
function tryWithVolumes(snapshot: Snapshot, pod: Pod, claimNames: readonly string[]): Placement {
  const { claims, volumes } = snapshot.view
  const { namespace = '' } = pod.metadata
  const before = claimNames.map((name) => claims.get(`${namespace}/${name}`))
  for (const name of claimNames) {
    const annotations = { 'pv.kubernetes.io/bind-completed': 'yes' }
    const metadata = { namespace, name, annotations }
    const volumeName = `trial-${name}`
    claims.set(`${namespace}/${name}`, { metadata, spec: { volumeName } } as unknown as PersistentVolumeClaim)
    volumes.set(volumeName, { metadata: { name: volumeName }, spec: {} } as unknown as PersistentVolume)
  }
  try {
    return tryPlacing(snapshot, pod)
  } finally {
    for (const [i, name] of claimNames.entries()) {
      const claim = before[i]
      if (claim === undefined) claims.delete(`${namespace}/${name}`)
      else claims.set(`${namespace}/${name}`, claim)
      volumes.delete(`trial-${name}`)
    }
  }
}
