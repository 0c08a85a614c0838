import type { NamespaceCondition } from '../../api/generated/core-v1.ts'
import { groupResourceOf } from '../../api/resource-type.ts'
import type { Remaining } from './remaining.ts'

/** The conditions that Kubernetes gives a namespace while it is deleted. */
export function conditionsOf(remaining: readonly Remaining[], time: string): readonly NamespaceCondition[] {
  const make = (type: string, status: string, reason: string, message: string): NamespaceCondition => {
    return { type, status, lastTransitionTime: time, reason, message }
  }
  return [
    make('NamespaceDeletionDiscoveryFailure', 'False', 'ResourcesDiscovered', 'All resources successfully discovered'),
    make(
      'NamespaceDeletionGroupVersionParsingFailure',
      'False',
      'ParsedGroupVersions',
      'All legacy kube types successfully parsed',
    ),
    make(
      'NamespaceDeletionContentFailure',
      'False',
      'ContentDeleted',
      'All content successfully deleted, may be waiting on finalization',
    ),
    contentCondition(remaining, make),
    finalizerCondition(remaining, make),
  ]
}

type Make = (type: string, status: string, reason: string, message: string) => NamespaceCondition

function contentCondition(remaining: readonly Remaining[], make: Make): NamespaceCondition {
  const type = 'NamespaceContentRemaining'
  if (remaining.length === 0) return make(type, 'False', 'ContentRemoved', 'All content successfully removed')
  const parts = remaining.map(({ type: resource, items }) => {
    const name = resource.group === '' ? `${resource.plural}.` : groupResourceOf(resource)
    return `${name} has ${items.length} resource instances`
  })
  return make(type, 'True', 'SomeResourcesRemain', `Some resources are remaining: ${parts.sort().join(', ')}`)
}

function finalizerCondition(remaining: readonly Remaining[], make: Make): NamespaceCondition {
  const type = 'NamespaceFinalizersRemaining'
  const counts = new Map<string, number>()
  for (const item of remaining.flatMap(({ items }) => items)) {
    for (const finalizer of item.metadata.finalizers ?? []) counts.set(finalizer, (counts.get(finalizer) ?? 0) + 1)
  }
  if (counts.size === 0) {
    return make(type, 'False', 'ContentHasNoFinalizers', 'All content-preserving finalizers finished')
  }
  const parts = [...counts].map(([finalizer, count]) => `${finalizer} in ${count} resource instances`)
  const message = `Some content in the namespace has finalizers remaining: ${parts.sort().join(', ')}`
  return make(type, 'True', 'SomeFinalizersRemain', message)
}
