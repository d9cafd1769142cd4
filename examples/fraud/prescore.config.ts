/** Is this card payment fraud? Everything about it comes with the request; the rest is what its card and its merchant just did. */
import { defineProject, entity, events, onnx, prediction } from 'prescore'

const transactions = events({
  files: 'data/transactions.parquet',
  columns: {
    id: 'int64',
    time: 'timestamp',
    received: 'timestamp',
    card: 'string',
    merchant: 'string',
    amount: 'float64',
    // Known weeks later, to whoever trains: no feature reads it.
    fraud: 'boolean',
  },
  zone: 'Europe/Paris',
  id: 'id',
  time: 'time',
  // Terminals that are offline for a while send what they took hours later.
  arrival: r => r.received,
  until: '2025-07-01T00:00:00+02:00',
})

const card = entity({ card: 'string' })
const merchant = entity({ merchant: 'string' })

const ofCard = transactions.by(card).features(f => ({
  payments: f.count({ over: ['15m', '1d'] }),
  merchants: f.distinct('merchant', { over: ['today', '7d'] }),
  mean: f.mean('amount', { over: ['7d'] }),
  std: f.std('amount', { over: ['7d'] }),
  sinceLast: f.timeSinceLast({ over: '7d' }),
}))

const atMerchant = transactions.by(merchant).features(f => ({
  merchantPayments: f.count({ over: ['1h', '7d'] }),
  merchantMean: f.mean('amount', { over: ['1h', '7d'] }),
  merchantCards: f.distinct('card', { over: ['1h'] }),
}))

export default defineProject({
  sources: { transactions },
  monitor: { audit: { sample: 1 } },
  predictions: {
    fraud: prediction({
      inputs: { card: 'string', merchant: 'string', amount: 'float64' },
      zone: 'Europe/Paris',
      join: s => ({ card: ofCard.at({ card: s.inputs.card }), merchant: atMerchant.at({ merchant: s.inputs.merchant }) }),
      features: s => ({
        amount: s.inputs.amount,
        ratio: s.inputs.amount.div(s.join.card.mean_7d),
        ...s.join.card,
        ...s.join.merchant,
        hour: s.asOf.hourOfDay(),
      }),
      model: onnx('models/fraud.onnx', { output: 'probabilities[1]' }),
      training: {
        rows: transactions,
        asOf: r => r.time,
        inputs: r => ({ card: r.card, merchant: r.merchant, amount: r.amount }),
        label: r => r.fraud,
      },
      policy: { mode: 'live', deadline: '1s', maxLag: '5m', default: { value: null, reason: 'no score: let the rules decide' } },
    }),
  },
})
