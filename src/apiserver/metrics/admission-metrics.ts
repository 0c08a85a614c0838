import type { AdmissionObserver } from '../admission/admission.ts'
import type { Families, Histogram } from './families.ts'

const SECONDS = [0.005, 0.025, 0.1, 0.5, 1, 2.5] as const

/** How long admission takes, and which plugin refuses how often, under Kubernetes' names. */
export function createAdmissionMetrics(families: Families): AdmissionObserver {
  const steps = families.histogram(
    'apiserver_admission_step_admission_duration_seconds',
    'Admission sub-step latency histogram in seconds, broken out for each operation and API resource and step type (validate or admit).',
    ['operation', 'rejected', 'type'],
    SECONDS,
  )
  const rejections = families.counter(
    'apiserver_admission_controller_rejection_total',
    'Admission controller rejections, by name, operation and type (validate or admit).',
    ['name', 'operation', 'type'],
  )
  const known = new Map<string, Histogram>()
  let wasRejected = false
  return {
    took(type, operation, seconds) {
      const key = `${operation}${type}${wasRejected}`
      let child = known.get(key)
      if (child === undefined) known.set(key, (child = steps.with(operation, String(wasRejected), type)))
      child.observe(seconds)
      wasRejected = false
    },
    rejected(type, operation, plugin) {
      wasRejected = true
      rejections.with(plugin, operation, type).add()
    },
  }
}
