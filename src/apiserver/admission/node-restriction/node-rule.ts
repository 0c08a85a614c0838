import { forbidden } from '../../verbs/failure.ts'
import type { AdmissionRequest } from '../admission.ts'

/** What keeps a node to its own: throws where the request goes beyond. */
export type NodeRule = (node: string, request: AdmissionRequest) => void

/** Answers with Kubernetes' Forbidden, as its admission plugins do. */
export function refuse(request: AdmissionRequest, why: string): never {
  throw forbidden(request.resource.type, nameOf(request) || 'Unknown', why)
}

/** What `object` is called, where its name was sent in the body, too. */
export const nameOf = ({ name, object }: AdmissionRequest) => name || (object.metadata.name ?? '')
