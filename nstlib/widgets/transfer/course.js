// The course of a transfer: pictures, steps and losses, and who asks whom for what, one thing after the other.
import { random } from "../kit/kit.js";
import { Descent, noise, square } from "./maths.js";

const RECENT = 9; // steps whose time is kept

/**
 * One transfer that is under way.
 *
 * `chosen` is what the reader has chosen, and is looked at anew each time: { given: { content, style }, weights, gains,
 * size, start }. `hear` is told what happens: { progress(have, total), loaded(), compared(), moved(), passed(),
 * rested(), busy(on), failed(error) }.
 */
export class Course {
  pictures; // of the size that is worked at
  descent;
  records = []; // { step, content, style } of each picture that was compared
  times = []; // milliseconds that the recent steps took
  running = false;
  goals = false; // whether the source knows what is wanted
  #slope = null; // the gradient at the picture as it is, with the weights and gains as they are
  #epoch = 0; // another one begins with other pictures, another size or start: what is under way is then of no use
  #version = 0; // counts the changes of weights and gains
  #line = Promise.resolve(); // one thing after the other
  #ended = false;

  constructor(source, chosen, hear) {
    Object.assign(this, { source, chosen, hear });
  }

  /** Go back to step 0, with the pictures that are chosen now. */
  reset() {
    const { given, size, start } = this.chosen;
    this.#epoch += 1;
    this.pictures = { content: square(given.content, size), style: square(given.style, size) };
    const { data } = this.pictures.content;
    const first = start === "noise" ? noise(data.length, random(1)) : data;
    this.descent = new Descent(data, first, { height: size, width: size, sigma: size / 32 });
    [this.records, this.times] = [[], []];
    this.#forget();
  }

  /** Go on from where the picture is, with another style as the goal. */
  aim() {
    this.#epoch += 1;
    this.pictures.style = square(this.chosen.given.style, this.chosen.size);
    this.#forget();
  }

  /** Weights or gains are others now. */
  turn() {
    this.#version += 1;
    this.#slope = null;
  }

  /** Compare the picture as it is, unless that is known. False: it has become another one meanwhile. */
  async look() {
    const { weights, gains, size } = this.chosen;
    const [mine, before] = [this.#epoch, this.#version];
    const { content: wanted, style: texture } = this.pictures;
    if (!this.goals) {
      await this.source.setGoals(wanted, texture, (have, total) => this.#ended || this.hear.progress(have, total));
      if (this.#over(mine)) return false;
      this.goals = true;
      this.hear.loaded();
    }
    if (this.#slope) return true;
    const image = { data: this.descent.image(gains), height: size, width: size };
    const { data, content, style } = await this.source.compare(image, { ...weights });
    if (this.#over(mine)) return false;
    const record = { step: this.descent.steps, content, style };
    if (this.records.at(-1)?.step === record.step) this.records.pop();
    this.records.push(record);
    this.#slope = before === this.#version ? data : null;
    this.hear.compared();
    return Boolean(this.#slope);
  }

  /** Move the pixels once, and see where that leads. */
  async advance() {
    const mine = this.#epoch;
    const from = performance.now();
    while (!(await this.look())) if (this.#over(mine)) return;
    const felt = this.#slope;
    this.#slope = null;
    this.descent.update(felt, this.chosen.gains);
    await this.look();
    if (this.#over(mine)) return;
    this.times = [...this.times.slice(1 - RECENT), performance.now() - from];
    this.hear.moved();
  }

  /** Do something when all that was asked for before is done; what goes wrong is told. */
  queue(act) {
    this.#line = this.#line.then(async () => {
      if (this.#ended) return;
      this.hear.busy(true);
      try {
        await act();
      } catch (error) {
        if (!this.#ended) this.fail(error);
      }
      this.hear.busy(false);
    });
    return this.#line;
  }

  /** Step after step, until somebody says pause. */
  go() {
    this.running = true;
    return this.queue(async () => {
      while (this.running && !this.#ended) {
        await this.advance();
        this.hear.passed();
        await new Promise((done) => requestAnimationFrame(done)); // what was drawn is to be seen; a hidden page waits
      }
      if (!this.#ended) this.hear.rested();
    });
  }

  /** Stop, and tell why. */
  fail = (error) => {
    this.running = false;
    this.#forget(); // whoever computed may be gone, and would begin anew
    this.hear.failed(error);
  };

  pause() {
    this.running = false;
    this.times = [];
  }

  end() {
    this.#ended = true;
    this.running = false;
  }

  get ended() {
    return this.#ended;
  }

  #over(epoch) {
    return this.#ended || epoch !== this.#epoch;
  }

  #forget() {
    this.#slope = null;
    this.goals = false;
  }
}
