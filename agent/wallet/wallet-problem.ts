/** Why a wallet cannot be used, for people. */
import { FileError, SqlError } from '../../host/ports.ts';
import { WalletError } from './wallet-error.ts';

/** What is wrong and what to do; null for what is a bug. */
export function walletProblem(error: unknown): string | null {
  if (error instanceof FileError && error.code === 'missing') {
    return `${error.message}; put the key back from its backup, or restore the wallet`;
  }
  const isExpected =
    error instanceof FileError || error instanceof SqlError || error instanceof WalletError;
  return isExpected ? error.message : null;
}
