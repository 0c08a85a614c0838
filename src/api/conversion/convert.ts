import type { JsonObject } from '../draft.ts'
import type { KubeObject } from '../object.ts'
import { apiVersionOf } from '../resource-type.ts'
import type { ResourceType } from '../resource-type.ts'
import { autoscalerToV1, autoscalerToV2 } from './autoscaler.ts'

/** `object`, of version `from`, in version `to` of the same kind: a new object, or the same where the versions agree. */
export function convert(object: KubeObject, from: ResourceType, to: ResourceType): KubeObject {
  const [source, target] = [apiVersionOf(from), apiVersionOf(to)]
  if (source === target) return object
  const fields = { ...(object as unknown as JsonObject), apiVersion: target }
  const conversion = CONVERSIONS[`${from.kind} ${source} ${target}`]
  return (conversion?.(fields) ?? fields) as unknown as KubeObject
}

/** What differs between versions beside `apiVersion`. */
const CONVERSIONS: Readonly<Record<string, (fields: JsonObject) => JsonObject>> = {
  'Event v1 events.k8s.io/v1': (fields) => withoutNobody(renamed(fields, CORE_TO_EVENTS)),
  'Event events.k8s.io/v1 v1': (fields) => ({
    reportingComponent: '',
    reportingInstance: '',
    ...renamed(fields, EVENTS_TO_CORE),
  }),
  'HorizontalPodAutoscaler autoscaling/v1 autoscaling/v2': autoscalerToV2,
  'HorizontalPodAutoscaler autoscaling/v2 autoscaling/v1': autoscalerToV1,
}

/** The newer version leaves out who reported where nobody is named, the older says so. */
function withoutNobody({ reportingController, reportingInstance, ...fields }: JsonObject): JsonObject {
  return {
    ...fields,
    ...(reportingController ? { reportingController } : {}),
    ...(reportingInstance ? { reportingInstance } : {}),
  }
}

const CORE_TO_EVENTS: Readonly<Record<string, string>> = {
  involvedObject: 'regarding',
  message: 'note',
  source: 'deprecatedSource',
  firstTimestamp: 'deprecatedFirstTimestamp',
  lastTimestamp: 'deprecatedLastTimestamp',
  count: 'deprecatedCount',
  reportingComponent: 'reportingController',
}

const EVENTS_TO_CORE = Object.fromEntries(Object.entries(CORE_TO_EVENTS).map(([core, events]) => [events, core]))

function renamed(fields: JsonObject, names: Readonly<Record<string, string>>): JsonObject {
  return Object.fromEntries(Object.entries(fields).map(([name, value]) => [names[name] ?? name, value]))
}
