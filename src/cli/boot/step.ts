// What is to be done for the boot of this machine, as data: shown by --dry-run, or done.
import { mkdirSync, rmSync } from 'node:fs'
import { dirname } from 'node:path'
import process from 'node:process'
import { writeAtomically } from '../../base/atomic-file.ts'
import { Failure, isSystemError } from '../../base/failure.ts'
import { shellWords } from '../../export/shell-word.ts'
import { runProgram } from './run-program.ts'

export type Step =
  | { readonly act: 'write'; readonly path: string; readonly text: string; readonly mode: number }
  | { readonly act: 'remove'; readonly path: string }
  | {
      readonly act: 'run'
      readonly command: readonly string[]
      /** What is wrong when it fails. Without it a failure is fine: there may be nothing to do. */
      readonly failure?: { readonly message: string; readonly hint?: string }
    }

/** A step as a person would type it. */
export function renderStep(step: Step): string {
  switch (step.act) {
    case 'write':
      return `write ${step.path}`
    case 'remove':
      return `remove ${step.path}`
    case 'run':
      return shellWords(step.command)
  }
}

export async function takeStep(step: Step): Promise<void> {
  switch (step.act) {
    case 'write':
      return await writeFile(step.path, step.text, step.mode)
    case 'remove':
      return rmSync(step.path, { force: true, recursive: true })
    case 'run': {
      const { isSuccess, output } = await runProgram(step.command)
      if (isSuccess || step.failure === undefined) return
      const { message, hint } = step.failure
      throw new Failure('BOOT_FAILED', message, { hint, details: [renderStep(step), ...output] })
    }
  }
}

async function writeFile(path: string, text: string, mode: number): Promise<void> {
  const umask = process.umask(0o022)
  try {
    mkdirSync(dirname(path), { recursive: true })
    process.umask(0)
    await writeAtomically(path, text, mode)
  } catch (error) {
    if (!isSystemError(error, 'EACCES', 'EROFS', 'EPERM', 'ENOSPC')) throw error
    throw new Failure('BOOT_FAILED', `Cannot write ${path}: ${error.message}`, { cause: error })
  } finally {
    process.umask(umask)
  }
}
