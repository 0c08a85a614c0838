import { CodedError } from '../env/coded-error.ts'

/** Every code of this family and what it says. The documentation lists the same. */
export const OBJECTS_ERROR_CODES = {
  OBJECTS_FILE: 'The file is not the manifest that is asked for',
  OBJECTS_NAME: 'The pod has a container of that name',
  OBJECTS_NOT_STARTED: 'What is asked for needs a pod that has been started',
  OBJECTS_START_FAILED: 'A container cannot start',
  OBJECTS_ROLLOUT_FAILED: 'A Deployment does not get its new pods to be available',
  OBJECTS_NO_REVISION: 'A Deployment has no such revision to return to',
  OBJECTS_TASK_FAILED: 'A Task has failed for good',
  OBJECTS_WAITED_TOO_LONG: 'What was waited for did not come in time',
} as const

export type ObjectsErrorCode = keyof typeof OBJECTS_ERROR_CODES

/** What the object API has to refuse or to report: a stable `code`, and in `hint` what to do next. */
export class ObjectsError extends CodedError<ObjectsErrorCode> {
  override readonly name = 'ObjectsError'
}
