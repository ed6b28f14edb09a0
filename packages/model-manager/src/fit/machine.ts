import { readdirSync, readFileSync } from 'node:fs';
import { HardwareReport, Settings } from '@nanite/contracts';
import { loadSettings } from '@nanite/kit';
import { placeOf, type Here } from './fit';
import { hardwareFile, llamaFolder } from './places';

/** llama.cpp's names of backends, to ours. */
const backendNames: Record<string, string> = { cuda: 'cuda', hip: 'rocm', vulkan: 'vulkan' };

/**
 * This machine: what gpu-detect reported, the engine's settings, and the backends that are installed.
 *
 * @param bandwidth of its memory, bytes a second
 */
export function thisMachine(bandwidth: number | null): Here & { cache: string } {
  const settings = loadSettings(Settings, { user: false }).values.engine;
  const machine = { hardware: hardwareReport(), settings, backends: installedBackends(), bandwidth };
  return { ...placeOf(machine), cache: settings.cache };
}

function hardwareReport(): HardwareReport | null {
  try {
    const parsed = HardwareReport.safeParse(JSON.parse(readFileSync(hardwareFile(), 'utf8')));
    return parsed.success ? parsed.data : null;
  } catch {
    // gpu-detect is not installed: the engine does without it as well.
    return null;
  }
}

function installedBackends(): string[] {
  const folder = llamaFolder();
  if (folder === null) return [];
  return readdirSync(folder).flatMap(
    (file) => backendNames[/^libggml-([a-z]+)\.so$/.exec(file)?.[1] ?? ''] ?? [],
  );
}
