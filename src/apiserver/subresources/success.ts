import type { Answer } from '../verbs/request.ts'

/** What a POST that leaves no object of its own answers: Success, 201. */
export function success(): Answer {
  const object = { kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Success', code: 201 }
  return { object: Object.freeze(object), code: 201 }
}
