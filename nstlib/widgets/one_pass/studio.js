// Paints what was asked for last. What was asked for before that and not begun is dropped: nothing queues up.

export class Studio {
  ready = false; // whether the source has what it needs
  #wanted = null;
  #busy = null; // settles when nothing is wanted any more
  #ended = false;

  /** `hear` is told: { painted(job, painting), failed(error) }; a job is { picture, amounts, passing }. */
  constructor(source, hear) {
    Object.assign(this, { source, hear });
  }

  /** Load what the source needs; true if it has it now. */
  async open(onProgress) {
    try {
      await this.source.open((...now) => this.#ended || onProgress(...now));
      this.ready = !this.#ended;
    } catch (error) {
      if (!this.#ended) this.hear.failed(error);
    }
    return this.ready;
  }

  /** Paint this next. The promise is kept when that, or what took its place, has been painted. */
  want(job) {
    this.#wanted = job;
    this.#busy ??= this.#work();
    return this.#busy;
  }

  async #work() {
    while (this.#wanted && !this.#ended) {
      const job = this.#wanted;
      this.#wanted = null;
      try {
        const painting = await this.source.paint(job.picture, job.amounts);
        if (!this.#ended) this.hear.painted(job, painting);
      } catch (error) {
        this.#wanted = null;
        if (!this.#ended) this.hear.failed(error);
      }
    }
    this.#busy = null;
  }

  end() {
    this.#ended = true;
    this.source.close();
  }
}
