import type { HardwareReport } from '@nanite/contracts';
import { describe, expect, it } from 'vitest';
import { chooseBackend } from './backend';

describe('chooseBackend', () => {
  const gpu = (changes: Partial<HardwareReport['gpus'][number]>): HardwareReport['gpus'][number] => ({
    id: '0000:01:00.0',
    vendor: 'nvidia',
    pci: null,
    name: 'GeForce',
    generation: null,
    vramBytes: 1000,
    sharedMemory: false,
    driver: 'nvidia',
    driverVersion: null,
    supports: ['cuda', 'vulkan'],
    works: ['cuda', 'vulkan'],
    ...changes,
  });
  const machine = (...gpus: HardwareReport['gpus']): HardwareReport => ({
    schema: 1,
    cpu: { model: 'x', level: 3, flags: [], cores: 1, threads: 1, numaNodes: 1 },
    memory: { totalBytes: 1, availableBytes: 1, modelBudgetBytes: 1 },
    gpus,
    virtualisation: 'none',
    secureBoot: null,
    installed: [],
    recommended: null,
    advice: [],
  });
  const llvmpipe = gpu({ vendor: 'virtual', name: 'llvmpipe', works: ['vulkan'], supports: ['vulkan'] });

  it.each([
    ['the best that is installed', 'auto', machine(gpu({})), ['vulkan', 'cuda'], 'cuda'],
    ['what is installed', 'auto', machine(gpu({})), ['vulkan'], 'vulkan'],
    ['the CPU without a report', 'auto', null, ['vulkan'], 'cpu'],
    ['the CPU where the driver is missing', 'auto', machine(gpu({ works: [] })), ['cuda'], 'cpu'],
    ['the CPU rather than llvmpipe', 'auto', machine(llvmpipe), ['vulkan'], 'cpu'],
    ['the CPU when told', 'cpu', machine(gpu({})), ['cuda'], 'cpu'],
  ] as const)('takes %s', (_, wish, hardware, installed, backend) => {
    expect(chooseBackend(wish, hardware, installed)?.backend).toBe(backend);
  });

  it('has no answer for a wish that cannot work', () => {
    expect(chooseBackend('vulkan', machine(llvmpipe), ['vulkan'])).toBeNull();
    expect(chooseBackend('cuda', machine(gpu({})), [])).toBeNull();
  });
});
