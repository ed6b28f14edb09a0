export { detect, type ToolAnswers } from './detect';
export { modelBudget } from './memory';
export { askNvidiaSmi, parseNvidiaSmi, type NvidiaSmiAnswer } from './nvidia-smi';
export { table, type TableOptions } from './table';
export { writeReport } from './write-report';
