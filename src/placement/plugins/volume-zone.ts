import type { PersistentVolume } from '../../api/generated/core-v1.ts'
import type { Cycle, FilterPlugin } from '../framework.ts'
import { rejection } from '../framework.ts'
import { claimNames, classOf } from '../pod-claims.ts'

const NAME = 'VolumeZone'
const ELSEWHERE = rejection(NAME, 'node(s) had no available volume zone', false)
const ZONE = 'topology.kubernetes.io/zone'
const REGION = 'topology.kubernetes.io/region'
/** A volume's labels, and the label of a node that means the same today. */
const LABELS: Readonly<Record<string, string>> = {
  'failure-domain.beta.kubernetes.io/zone': ZONE,
  'failure-domain.beta.kubernetes.io/region': REGION,
  [ZONE]: ZONE,
  [REGION]: REGION,
}

interface Wanted {
  readonly key: string
  readonly values: readonly string[]
}

/** Keeps nodes in the zones and regions that the labels of the pod's bound volumes name. */
export const volumeZone: FilterPlugin = {
  name: NAME,
  wakesOn: ['classes', 'node-added', 'node-labels', 'claims', 'volumes'],
  prepare(cycle) {
    const wanted: Wanted[] = []
    for (const name of claimNames(cycle.pod, false)) {
      const found = zonesOf(cycle, name)
      if (typeof found === 'string') return rejection(NAME, found, false)
      wanted.push(...found)
    }
    if (wanted.length === 0) return undefined
    return {
      check(slot) {
        const labels = cycle.table.node(slot)?.metadata.labels ?? {}
        if (!Object.keys(LABELS).some((key) => labels[key] !== undefined)) return undefined
        const isThere = ({ key, values }: Wanted) => values.includes(labels[key] ?? labels[LABELS[key] ?? ''] ?? '')
        return wanted.every(isThere) ? undefined : ELSEWHERE
      },
    }
  },
}

/** The zones of a claim's volume, none where it has no volume yet but will get one where the pod goes; else why not. */
function zonesOf({ pod, view }: Cycle, name: string): readonly Wanted[] | string {
  const claim = view.claims.get(`${pod.metadata.namespace}/${name}`)
  if (claim === undefined) return `persistentvolumeclaim "${name}" not found`
  const volumeName = claim.spec?.volumeName ?? ''
  if (volumeName !== '') {
    const volume = view.volumes.get(volumeName)
    return volume === undefined ? `persistentvolume "${volumeName}" not found` : wantedBy(volume)
  }
  const className = classOf(claim)
  if (className === '') return 'PersistentVolumeClaim had no pv name and storageClass name'
  const storageClass = view.classes.get(className)
  if (storageClass === undefined) return `storageclass.storage.k8s.io "${className}" not found`
  return storageClass.volumeBindingMode === 'WaitForFirstConsumer' ? [] : 'PersistentVolume had no name'
}

function wantedBy({ metadata }: PersistentVolume): readonly Wanted[] {
  return Object.entries(metadata.labels ?? {})
    .filter(([key]) => LABELS[key] !== undefined)
    .map(([key, value]) => ({ key, values: value.split('__') }))
}
