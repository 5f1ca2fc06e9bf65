/** Why a client cannot do what it was asked to: for a person to read, with what to do where that is known. */
export class ClientFailure extends Error {
  override readonly name = 'ClientFailure';
}
