import type { ResourceType } from '../resource-type.ts'

/** How the verbs treat a kind, as facts. */
export interface Strategy {
  /** Has a `status` subresource: status is written by it alone. */
  readonly hasStatus: boolean
  /** `metadata.generation` counts the changes of all but metadata and status. */
  readonly countsGeneration: boolean
  /** A PUT to a name that does not exist creates it. */
  readonly createsOnUpdate: boolean
  /** A PUT may leave out `metadata.resourceVersion`. */
  readonly updatesUnconditionally: boolean
  /** Deletion leaves a grace period and waits for who runs the object: pods. */
  readonly deletesGracefully: boolean
  /** What DELETE does with dependents where neither options nor finalizers say: `batch` kinds orphan in old versions. */
  readonly defaultPropagation: 'Background' | 'Orphan'
  /** A successful DELETE answers with the object rather than a Status. */
  readonly deleteAnswersObject: boolean
}

export function strategyOf(type: ResourceType): Strategy {
  const hasStatus = type.subresources.some((part) => part.name === 'status')
  return {
    hasStatus,
    countsGeneration: hasStatus,
    createsOnUpdate: false,
    updatesUnconditionally: true,
    deletesGracefully: type.group === '' && type.kind === 'Pod',
    defaultPropagation: 'Background',
    deleteAnswersObject: false,
  }
}
