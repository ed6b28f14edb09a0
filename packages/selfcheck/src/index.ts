export { CheckId, CheckResult, CheckStatus, SelfCheckReport } from './report';
