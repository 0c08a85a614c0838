import { ImageError } from '../runtime.ts'
import type { ImageInfo, RegistryCredentials } from '../runtime.ts'

/**
 * Pulls with each of the credentials in turn, or once without any where there are none. Rejects with an {@link ImageError} of
 * the last failure, in the words that `detailOf` has for it.
 */
export async function pullInTurn(
  credentials: readonly RegistryCredentials[],
  pull: (login: RegistryCredentials | undefined) => Promise<ImageInfo>,
  detailOf: (failure: unknown) => string,
): Promise<ImageInfo> {
  let failure: unknown
  for (const login of credentials.length === 0 ? [undefined] : credentials) {
    try {
      return await pull(login)
    } catch (error) {
      failure = error
    }
  }
  throw new ImageError('ErrImagePull', detailOf(failure), { cause: failure })
}
