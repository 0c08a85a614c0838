import type { SchemaDocument } from './schema-document.ts'

/** What `kubectl explain` says of the metadata of every object. */
const FIELDS: Readonly<Record<string, string>> = {
  annotations:
    'Annotations is an unstructured key value map stored with a resource that may be set by external tools to store and retrieve arbitrary metadata.',
  creationTimestamp:
    'CreationTimestamp is a timestamp representing the server time when this object was created. It is set by the server.',
  deletionTimestamp:
    'DeletionTimestamp is RFC 3339 date and time at which this resource will be deleted. It is set by the server.',
  finalizers: 'Must be empty before the object is deleted from the registry.',
  generateName:
    'GenerateName is an optional prefix, used by the server, to generate a unique name ONLY IF the Name field has not been provided.',
  generation: 'A sequence number representing a specific generation of the desired state.',
  labels: 'Map of string keys and values that can be used to organize and categorize (scope and select) objects.',
  name: 'Name must be unique within a namespace.',
  namespace: 'Namespace defines the space within which each name must be unique.',
  ownerReferences: 'List of objects depended by this object.',
  resourceVersion:
    'An opaque value that represents the internal version of this object that can be used by clients to determine when objects have changed.',
  uid: 'UID is the unique in time and space value for this object.',
}

/** The schema of ObjectMeta with its fields described. */
export function describeMetadata(document: SchemaDocument): SchemaDocument {
  const properties = (document['properties'] ?? {}) as Readonly<Record<string, SchemaDocument>>
  const described = Object.entries(properties).map(([name, schema]) => {
    const description = FIELDS[name]
    return [name, description === undefined ? schema : { ...schema, description }] as const
  })
  const description = 'ObjectMeta is metadata that all persisted resources must have.'
  return { ...document, description, properties: Object.fromEntries(described) }
}
