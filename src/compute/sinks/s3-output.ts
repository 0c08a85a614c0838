import type { DatasetHost } from '../dataset/host.ts'
import type { Output } from './output.ts'
export async function openS3Output(
  _to: string,
  _extension: string,
  _overwrite: boolean,
  _host: DatasetHost,
): Promise<Output> {
  throw new Error('later')
}
