import type { Draft } from '../../api/draft.ts'
import type { Pod } from '../../api/generated/core-v1.ts'
import type { PriorityClass } from '../../api/generated/scheduling-v1.ts'
import type { Snapshot } from '../../store/store.ts'
import { forbidden } from '../verbs/failure.ts'
import type { AdmissionPlugin } from './admission.ts'

const CLASSES = 'priorityclasses.scheduling.k8s.io'
const SYSTEM_CLASSES = new Set(['system-node-critical', 'system-cluster-critical'])

/** Turns a pod's priority class, or the default one, into the number that the scheduler goes by; there is one default. */
export const priority: AdmissionPlugin = {
  name: 'Priority',
  resources: ['pods', CLASSES],
  operations: ['CREATE', 'UPDATE', 'DELETE'],
  mutate({ object, head, resource, name, operation }) {
    if (resource.storage === CLASSES || operation !== 'CREATE') return
    const { spec } = object as Draft<Pod>
    if (spec === undefined) return
    const chosen = spec.priorityClassName ? named(head, spec.priorityClassName) : defaultClass(head)
    if (chosen === undefined && spec.priorityClassName) {
      throw forbidden(resource.type, name, `no PriorityClass with name ${spec.priorityClassName} was found`)
    }
    const value = chosen?.value ?? 0
    if (spec.priority !== undefined && spec.priority !== value) {
      const why = `the integer value of priority (${spec.priority}) must not be provided in pod spec; priority admission controller computed ${value} from the given PriorityClass name`
      throw forbidden(resource.type, name, why)
    }
    if (chosen?.metadata.name !== undefined) spec.priorityClassName = chosen.metadata.name
    spec.priority = value
    const policy = chosen?.preemptionPolicy ?? 'PreemptLowerPriority'
    if (spec.preemptionPolicy !== undefined && spec.preemptionPolicy !== policy) {
      const why = `the string value of PreemptionPolicy (${spec.preemptionPolicy}) must not be provided in pod spec; priority admission controller computed ${policy} from the given PriorityClass name`
      throw forbidden(resource.type, name, why)
    }
    spec.preemptionPolicy = policy
  },
  validate({ object, head, resource, name, operation }) {
    if (operation === 'DELETE') {
      if (resource.storage === CLASSES && SYSTEM_CLASSES.has(name))
        throw forbidden(resource.type, name, 'this is a system priority class and cannot be deleted')
      return
    }
    if (resource.storage !== CLASSES || (object as Draft<PriorityClass>).globalDefault !== true) return
    const other = defaultClass(head)?.metadata.name
    if (other === undefined || other === name) return
    throw forbidden(
      resource.type,
      name,
      `PriorityClass ${other} is already marked as default. Only one default can exist`,
    )
  },
}

function named(head: Snapshot, name: string): PriorityClass | undefined {
  return head.get(CLASSES, name)?.object as PriorityClass | undefined
}

/** The class marked as the default; the lowest where several are. */
function defaultClass(head: Snapshot): PriorityClass | undefined {
  let found: PriorityClass | undefined
  for (const { object } of head.list(CLASSES)) {
    const one = object as PriorityClass
    if (one.globalDefault && (found === undefined || one.value < found.value)) found = one
  }
  return found
}
