import type { InputFile } from '../dataset/inputs.ts'
import type { S3Options } from './files-source.ts'
export async function findObjects(_pattern: string, _options: S3Options): Promise<readonly InputFile[]> {
  throw new Error('later')
}
