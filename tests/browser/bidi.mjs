// Firefox over WebDriver BiDi (https://w3c.github.io/webdriver-bidi/), which it speaks by itself: a process with a profile of
// its own, and the commands and events of its one connection. Only `browsers.mjs` knows it.

import { spawn } from 'node:child_process';
import { EventEmitter, once } from 'node:events';
import { createInterface } from 'node:readline';
import WebSocket from 'ws';

const LISTENING = /WebDriver BiDi listening on (ws:\S+)/;

/** A running Firefox; its events are emitted by their own names. */
export class Bidi extends EventEmitter {
  #process;
  #socket;
  #last = 0;
  #waiting = new Map();

  /** Starts `executable` on a profile and opens a session that accepts any certificate. */
  static async start(executable, args, patience) {
    const bidi = new Bidi();
    bidi.setMaxListeners(0);
    const env = { ...process.env, MOZ_CRASHREPORTER_DISABLE: '1' };
    bidi.#process = spawn(executable, args, { stdio: ['ignore', 'ignore', 'pipe'], env });
    try {
      bidi.#socket = new WebSocket(`${await bidi.#address(patience)}/session`, { perMessageDeflate: false });
      await once(bidi.#socket, 'open', { signal: AbortSignal.timeout(patience) });
      bidi.#socket.on('message', (text) => bidi.#take(JSON.parse(text)));
      bidi.#socket.on('close', () => bidi.#end(new Error('Firefox has gone')));
      await bidi.send('session.new', { capabilities: { alwaysMatch: { acceptInsecureCerts: true } } });
      return bidi;
    } catch (error) {
      await bidi.stop();
      throw error;
    }
  }

  /** Sends a command and returns its result. */
  send(method, params = {}) {
    const id = ++this.#last;
    return new Promise((resolve, reject) => {
      this.#waiting.set(id, { resolve, reject, method });
      this.#socket.send(JSON.stringify({ id, method, params }));
    });
  }

  /** Ends the process. */
  async stop() {
    this.#socket?.terminate();
    const { pid, exitCode, signalCode } = this.#process;
    if (!pid || exitCode !== null || signalCode !== null) return;
    const ended = once(this.#process, 'exit');
    this.#process.kill();
    const reluctant = setTimeout(() => this.#process.kill('SIGKILL'), 5000);
    await ended;
    clearTimeout(reluctant);
  }

  async #address(patience) {
    const lines = createInterface({ input: this.#process.stderr });
    const said = [];
    const late = AbortSignal.timeout(patience);
    return new Promise((resolve, reject) => {
      const fail = (why) => reject(new Error(`Firefox ${why}:\n${said.slice(-20).join('\n')}`));
      late.addEventListener('abort', () => fail('did not say where it listens'));
      this.#process.on('error', (error) => reject(error));
      this.#process.on('exit', () => fail('ended'));
      lines.on('line', (line) => {
        said.push(line);
        const address = LISTENING.exec(line)?.[1];
        if (address) resolve(address);
      });
    });
  }

  #take(message) {
    if (message.type === 'event') {
      this.emit(message.method, message.params);
      return;
    }
    const waiting = this.#waiting.get(message.id);
    this.#waiting.delete(message.id);
    if (message.type === 'success') waiting?.resolve(message.result);
    else waiting?.reject(new Error(`${waiting.method}: ${message.error}: ${message.message}`));
  }

  #end(error) {
    for (const { reject } of this.#waiting.values()) reject(error);
    this.#waiting.clear();
  }
}
