// What is drawn over and under the candles: hatched gaps, and a diamond below each revised candle.

/** A primitive of the chart library. `state()` gives `{book, gaps, colors: {gap, revised, text}}`. */
export class Marks {
  constructor(state) {
    this.state = state;
    this.views = [
      { zOrder: () => 'bottom', renderer: () => ({ draw: (target) => this.draw(target, (...a) => this.gaps(...a)) }) },
      { zOrder: () => 'top', renderer: () => ({ draw: (target) => this.draw(target, (...a) => this.diamonds(...a)) }) },
    ];
  }

  attached({ chart, series, requestUpdate }) {
    Object.assign(this, { chart, series, requestUpdate });
  }

  detached() {
    this.chart = null;
  }

  updateAllViews() {}

  paneViews() {
    return this.views;
  }

  draw(target, paint) {
    const range = this.chart?.timeScale().getVisibleRange();
    if (!range) return;
    target.useMediaCoordinateSpace(({ context, mediaSize }) => {
      context.save();
      paint(context, mediaSize, range, this.state());
      context.restore();
    });
  }

  gaps(g, size, range, { gaps, colors }) {
    const scale = this.chart.timeScale();
    const half = scale.options().barSpacing / 2;
    for (const gap of gaps) {
      if (gap.lastSlot / 1000 < range.from || gap.from / 1000 > range.to) continue;
      const left = scale.timeToCoordinate(gap.from / 1000);
      const right = scale.timeToCoordinate(gap.lastSlot / 1000);
      if (left === null || right === null) continue;
      const [x0, x1] = [left - half, right + half];
      g.save();
      g.beginPath();
      g.rect(x0, 0, x1 - x0, size.height);
      g.clip();
      g.strokeStyle = colors.gap;
      g.globalAlpha = 0.28;
      g.lineWidth = 1;
      g.beginPath();
      for (let x = Math.floor((x0 - size.height) / 9) * 9; x < x1; x += 9) {
        g.moveTo(x, size.height);
        g.lineTo(x + size.height, 0);
      }
      g.stroke();
      g.restore();
    }
  }

  diamonds(g, size, range, { book, colors }) {
    const scale = this.chart.timeScale();
    const spacing = scale.options().barSpacing;
    if (spacing < 2.5) return; // Below that a mark would cover its neighbours and tell nothing.
    const r = Math.min(4.5, Math.max(2.5, spacing * 0.4));
    g.fillStyle = colors.revised;
    const end = Math.min(book.list.length, book.indexOf(range.to * 1000) + 1);
    for (let i = book.indexOf(range.from * 1000); i < end; i += 1) {
      const candle = book.list[i];
      if (candle.state !== 'revised') continue;
      const x = scale.timeToCoordinate(candle.ms / 1000);
      const low = this.series.priceToCoordinate(Number(candle.low));
      if (x === null || low === null) continue;
      const y = Math.min(size.height - r, low + r + 5);
      g.beginPath();
      g.moveTo(x, y - r);
      g.lineTo(x + r, y);
      g.lineTo(x, y + r);
      g.lineTo(x - r, y);
      g.closePath();
      g.fill();
    }
  }
}
