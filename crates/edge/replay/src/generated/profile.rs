//! [`Profile`]: the character of a generated symbol.

/// What a generated symbol is like.
#[derive(Debug, Clone, PartialEq)]
pub struct Profile {
    /// What is traded: `BTC`.
    pub base: String,
    /// What it is priced in: `USDT`.
    pub quote: String,
    /// The price about which it moves.
    pub price: f64,
    /// Digits after the point of a price; the tick is one of the last of them. 0 to 12.
    pub price_scale: u8,
    /// Digits after the point of a quantity; the lot is one of the last of them. 0 to 12.
    pub quantity_scale: u8,
    /// Trades a second, on the whole.
    pub trades_per_second: f64,
    /// A usual quantity of one trade, in lots.
    pub usual_lots: u64,
    /// Usual relative movement in a minute: 0.0004 is 4 basis points.
    pub volatility: f64,
}

impl Profile {
    /// A profile with a usual temper.
    pub fn new(base: &str, quote: &str, price: f64, price_scale: u8) -> Self {
        Self {
            base: base.into(),
            quote: quote.into(),
            price,
            price_scale,
            quantity_scale: 4,
            trades_per_second: 3.0,
            usual_lots: 500,
            volatility: 0.0005,
        }
    }

    /// The markets that the demo shows.
    pub fn demo() -> Vec<Self> {
        let lively =
            |base: &str, price, price_scale, quantity_scale, rate, lots, volatility| Self {
                base: base.into(),
                quote: "USDT".into(),
                price,
                price_scale,
                quantity_scale,
                trades_per_second: rate,
                usual_lots: lots,
                volatility,
            };
        vec![
            lively("BTC", 64_000.0, 2, 5, 6.0, 400, 0.0004),
            lively("ETH", 3_200.0, 2, 4, 4.0, 700, 0.0005),
            lively("SOL", 150.0, 2, 3, 2.5, 900, 0.0007),
            lively("XRP", 0.62, 4, 1, 1.5, 2_500, 0.0006),
            lively("DOGE", 0.12, 5, 0, 1.2, 1_500, 0.0008),
        ]
    }
}
