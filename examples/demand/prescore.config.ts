/** How much of a product will be sold in the next seven days? Known products are scored at night, new ones and what-ifs when somebody asks. */
import { defineProject, entity, events, hours, onnx, prediction, table } from 'prescore'

const products = table({
  files: 'data/products.parquet',
  columns: { sku: 'string', since: 'timestamp', season: 'string', price: 'float64', channel: 'string' },
  zone: 'Europe/Paris',
  // The launch, and each change of price after it.
  validFrom: 'since',
})

const sales = events({
  files: 'data/sales.parquet',
  columns: { id: 'int64', sku: 'string', closed: 'timestamp', units: 'int64', price: 'float64' },
  zone: 'Europe/Paris',
  id: 'id',
  // A day's sales are counted within an hour after closing time.
  time: 'closed',
  arrival: r => r.closed.plus(hours(1)),
  until: '2025-07-01T00:00:00+02:00',
})

const product = entity({ sku: 'string' })

const attributes = products.by(product).features(f => ({
  season: f.current('season'),
  price: f.current('price'),
  channel: f.current('channel'),
}))

const sold = sales.by(product).features(f => ({
  mean: f.mean('units', { over: ['7d', '28d'] }),
  std: f.std('units', { over: ['28d'] }),
  paid: f.mean('price', { over: ['7d', '28d'] }),
}))

export default defineProject({
  sources: { products, sales },
  predictions: {
    demand: prediction({
      entity: product,
      zone: 'Europe/Paris',
      join: s => ({ product: attributes.at(s.key), sales: sold.at(s.key) }),
      features: s => ({
        price: s.join.product.price,
        // Against what was paid when those of the windows were sold.
        change_7d: s.join.product.price.div(s.join.sales.paid_7d),
        change_28d: s.join.product.price.div(s.join.sales.paid_28d),
        mean_7d: s.join.sales.mean_7d,
        mean_28d: s.join.sales.mean_28d,
        std_28d: s.join.sales.std_28d,
        summer: s.join.product.season.eq('summer'),
        winter: s.join.product.season.eq('winter'),
        web: s.join.product.channel.eq('web'),
        store: s.join.product.channel.eq('store'),
        month: s.asOf.monthOfYear(),
        day: s.asOf.dayOfMonth(),
      }),
      model: onnx('models/demand.onnx', { output: 'units' }),
      population: sales.since('28d').keys(product),
      training: {
        rows: sales,
        asOf: r => r.closed.startOfDay(),
        next: sales
          .by(product)
          .next('7d')
          .features(f => ({ units: f.sum('units') })),
        label: (_, next) => next.units,
      },
      policy: { mode: 'hybrid', schedule: '0 2 * * *', maxAge: '24h', maxLag: '36h', deadline: '2s' },
      gates: { coverage: 0.99, missing: 0.1, range: { least: 0, greatest: 2000 } },
    }),
  },
})
