import { forbidden } from '../verbs/failure.ts'
import type { AdmissionPlugin } from './admission.ts'

/** Nothing is created of a kind whose definition is being deleted. */
export const terminatingDefinition: AdmissionPlugin = {
  name: 'CustomResourceTerminating',
  resources: 'all',
  operations: ['CREATE'],
  mutate({ resource, name }) {
    if (resource.definition?.metadata.deletionTimestamp === undefined) return
    throw forbidden(resource.type, name, 'create not allowed while custom resource definition is terminating')
  },
}
