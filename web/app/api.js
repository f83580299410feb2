// One door to the REST API: envelope, errors with their request id, time-outs, and polite retries.

const BASE = '/api/v1';
const TIMEOUT_MS = 15_000;
const MAX_WAIT_S = 10;

/** What the API answered instead of data; `requestId` is what an operator searches the logs for. */
export class ApiError extends Error {
  constructor(message, { code = 'UNKNOWN', status = 0, details = null, requestId = null } = {}) {
    super(message);
    this.name = 'ApiError';
    Object.assign(this, { code, status, details, requestId });
  }
}

const pause = (ms, signal) =>
  new Promise((resolve, reject) => {
    const timer = setTimeout(resolve, ms);
    signal?.addEventListener('abort', () => (clearTimeout(timer), reject(signal.reason)), { once: true });
  });

async function once(url, signal) {
  const limit = AbortSignal.timeout(TIMEOUT_MS);
  const either = signal ? AbortSignal.any([signal, limit]) : limit;
  let response;
  try {
    response = await fetch(url, { signal: either, headers: { Accept: 'application/json' }, credentials: 'same-origin' });
  } catch (cause) {
    if (signal?.aborted) throw cause;
    if (limit.aborted) throw new ApiError(`no answer within ${TIMEOUT_MS / 1000} s`, { code: 'TIMEOUT' });
    throw new ApiError('the server cannot be reached; is quantflow still running?', { code: 'UNREACHABLE' });
  }
  const requestId = response.headers.get('x-request-id');
  let body;
  try {
    body = await response.json();
  } catch (cause) {
    if (signal?.aborted) throw cause;
    throw new ApiError(`the answer was not JSON (status ${response.status})`, { code: 'BAD_ANSWER', status: response.status, requestId });
  }
  return { response, body, requestId };
}

/** GETs `path` below the API's base and gives `{data, meta}`; a 429 or 503 is tried again once after what the server asked for. */
export async function getPage(path, params = {}, { signal, retries = 1 } = {}) {
  const query = new URLSearchParams(Object.entries(params).filter(([, v]) => v != null && v !== ''));
  const url = `${BASE}${path}${query.size ? `?${query}` : ''}`;
  for (let attempt = 0; ; attempt += 1) {
    const { response, body, requestId } = await once(url, signal);
    if (response.ok && body?.success) return { data: body.data, meta: body.meta ?? {} };
    const wait = Number(response.headers.get('retry-after') ?? 1);
    if ((response.status === 429 || response.status === 503) && attempt < retries && wait <= MAX_WAIT_S) {
      await pause(wait * 1000 + Math.random() * 400, signal);
      continue;
    }
    throw new ApiError(body?.error?.message ?? `the server answered with status ${response.status}`, {
      code: body?.error?.code ?? 'BAD_ANSWER',
      status: response.status,
      details: body?.error?.details ?? null,
      requestId: body?.meta?.requestId ?? requestId,
    });
  }
}

/** As `getPage`, the data only. */
export async function get(path, params, options) {
  return (await getPage(path, params, options)).data;
}

/** `/health` stands beside the API and has no envelope; an unhealthy server answers it with 503, which is an answer. */
export async function getHealth(signal) {
  const { response, body, requestId } = await once('/health', signal);
  if (body && typeof body.status === 'string' && body.services) return body;
  throw new ApiError(body?.error?.message ?? `the server answered with status ${response.status}`, {
    code: body?.error?.code ?? 'BAD_ANSWER',
    status: response.status,
    requestId: body?.meta?.requestId ?? requestId,
  });
}

/**
 * Runs jobs a few at a time and not faster than `perMinute`, newest request first:
 * what was just scrolled into view is wanted before what was scrolled past.
 */
export class PoliteQueue {
  constructor({ parallel = 4, perMinute = 90 } = {}) {
    Object.assign(this, { parallel, perMinute, running: 0, waiting: [], started: [], timer: null });
  }

  add(job) {
    return new Promise((resolve, reject) => {
      this.waiting.push({ job, resolve, reject });
      this.pump();
    });
  }

  pump() {
    const now = Date.now();
    this.started = this.started.filter((t) => now - t < 60_000);
    while (this.running < this.parallel && this.waiting.length && this.started.length < this.perMinute) {
      const { job, resolve, reject } = this.waiting.pop();
      this.running += 1;
      this.started.push(now);
      job().then(resolve, reject).finally(() => {
        this.running -= 1;
        this.pump();
      });
    }
    if (this.waiting.length && this.started.length >= this.perMinute && !this.timer) {
      this.timer = setTimeout(() => ((this.timer = null), this.pump()), 60_050 - (now - this.started[0]));
    }
  }
}
