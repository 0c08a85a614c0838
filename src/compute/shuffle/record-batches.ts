/** Records in batches, as the parts of a task are read. */
export type RecordBatches = AsyncIterable<Iterable<unknown>>
