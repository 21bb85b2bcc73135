-- authority: SQLite; the simulated shop's own record. Any process may open it read-only and check.
CREATE TABLE IF NOT EXISTS counters (kind TEXT PRIMARY KEY, used INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS settings_kv (name TEXT PRIMARY KEY, value TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS locations (
  id INTEGER PRIMARY KEY, name TEXT NOT NULL, address1 TEXT NOT NULL, city TEXT NOT NULL,
  zip TEXT NOT NULL, country_code TEXT NOT NULL, active INTEGER NOT NULL DEFAULT 1,
  position INTEGER NOT NULL
);
CREATE TABLE IF NOT EXISTS products (
  id INTEGER PRIMARY KEY, handle TEXT NOT NULL UNIQUE, title TEXT NOT NULL,
  description_html TEXT NOT NULL, vendor TEXT NOT NULL, product_type TEXT NOT NULL,
  status TEXT NOT NULL, options TEXT NOT NULL, created_at TEXT NOT NULL, updated_at TEXT NOT NULL,
  published_at TEXT
);
CREATE TABLE IF NOT EXISTS variants (
  id INTEGER PRIMARY KEY, product_id INTEGER NOT NULL REFERENCES products (id),
  position INTEGER NOT NULL, title TEXT NOT NULL, sku TEXT, barcode TEXT,
  price TEXT NOT NULL, compare_at_price TEXT, inventory_policy TEXT NOT NULL,
  components INTEGER NOT NULL DEFAULT 0,
  taxable INTEGER NOT NULL, options TEXT NOT NULL, inventory_item_id INTEGER NOT NULL UNIQUE,
  created_at TEXT NOT NULL, updated_at TEXT NOT NULL
);
CREATE INDEX IF NOT EXISTS variants_product ON variants (product_id, position);
CREATE INDEX IF NOT EXISTS variants_sku ON variants (sku);
CREATE TABLE IF NOT EXISTS sku_tokens (
  token TEXT NOT NULL, variant_id INTEGER NOT NULL, PRIMARY KEY (token, variant_id)
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS sku_tokens_variant ON sku_tokens (variant_id);
CREATE TABLE IF NOT EXISTS inventory_items (
  id INTEGER PRIMARY KEY, tracked INTEGER NOT NULL, requires_shipping INTEGER NOT NULL,
  unit_cost TEXT, grams INTEGER NOT NULL DEFAULT 0
);
CREATE TABLE IF NOT EXISTS inventory_levels (
  inventory_item_id INTEGER NOT NULL, location_id INTEGER NOT NULL,
  available INTEGER NOT NULL DEFAULT 0, committed INTEGER NOT NULL DEFAULT 0,
  reserved INTEGER NOT NULL DEFAULT 0, damaged INTEGER NOT NULL DEFAULT 0,
  safety_stock INTEGER NOT NULL DEFAULT 0, quality_control INTEGER NOT NULL DEFAULT 0,
  incoming INTEGER NOT NULL DEFAULT 0, active INTEGER NOT NULL DEFAULT 1,
  updated_at TEXT NOT NULL,
  -- on_hand = available + committed + unavailable:
  -- https://shopify.dev/docs/apps/build/orders-fulfillment/inventory-management-apps
  on_hand INTEGER GENERATED ALWAYS AS
    (available + committed + reserved + damaged + safety_stock + quality_control) VIRTUAL,
  PRIMARY KEY (inventory_item_id, location_id)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS customers (
  id INTEGER PRIMARY KEY, email TEXT UNIQUE, first_name TEXT NOT NULL,
  last_name TEXT NOT NULL, phone TEXT, address TEXT NOT NULL, created_at TEXT NOT NULL,
  updated_at TEXT NOT NULL, note TEXT, locale TEXT, tax_exempt INTEGER NOT NULL DEFAULT 0
);
CREATE TABLE IF NOT EXISTS companies (
  id INTEGER PRIMARY KEY, external_id TEXT UNIQUE, name TEXT NOT NULL, note TEXT,
  main_contact INTEGER, updated_at TEXT NOT NULL
);
CREATE TABLE IF NOT EXISTS company_locations (
  id INTEGER PRIMARY KEY, company_id INTEGER NOT NULL, external_id TEXT UNIQUE,
  name TEXT NOT NULL, phone TEXT, address TEXT NOT NULL, tax_id TEXT, terms TEXT,
  updated_at TEXT NOT NULL DEFAULT ''
);
CREATE INDEX IF NOT EXISTS company_locations_of ON company_locations (company_id, id);
CREATE TABLE IF NOT EXISTS company_contacts (
  id INTEGER PRIMARY KEY, company_id INTEGER NOT NULL, customer_id INTEGER NOT NULL,
  title TEXT, UNIQUE (company_id, customer_id)
);
CREATE TABLE IF NOT EXISTS company_role_assignments (
  id INTEGER PRIMARY KEY, contact_id INTEGER NOT NULL, location_id INTEGER NOT NULL,
  role_id INTEGER NOT NULL, UNIQUE (contact_id, location_id)
);
CREATE TABLE IF NOT EXISTS orders (
  id INTEGER PRIMARY KEY, number INTEGER NOT NULL UNIQUE, name TEXT NOT NULL,
  created_at TEXT NOT NULL, updated_at TEXT NOT NULL, cancelled_at TEXT, currency TEXT NOT NULL,
  customer_id INTEGER, financial_status TEXT NOT NULL, fulfillment_status TEXT NOT NULL,
  subtotal TEXT NOT NULL, total_discounts TEXT NOT NULL, total_shipping TEXT NOT NULL,
  total_tax TEXT NOT NULL, total TEXT NOT NULL, taxes_included INTEGER NOT NULL,
  test INTEGER NOT NULL DEFAULT 0, note TEXT, document TEXT NOT NULL,
  presentment TEXT NOT NULL, rate TEXT NOT NULL, edited INTEGER NOT NULL DEFAULT 0,
  cancel_reason TEXT, current_total TEXT NOT NULL, current_tax TEXT NOT NULL,
  refunded TEXT NOT NULL DEFAULT '0.00'
);
CREATE INDEX IF NOT EXISTS orders_updated ON orders (updated_at, id);
CREATE TABLE IF NOT EXISTS order_lines (
  id INTEGER PRIMARY KEY, order_id INTEGER NOT NULL, position INTEGER NOT NULL,
  variant_id INTEGER, product_id INTEGER, sku TEXT, title TEXT NOT NULL, variant_title TEXT,
  vendor TEXT, quantity INTEGER NOT NULL, unfulfilled INTEGER NOT NULL, unit_price TEXT NOT NULL,
  original_total TEXT NOT NULL, total_discount TEXT NOT NULL, tax TEXT NOT NULL,
  taxable INTEGER NOT NULL, requires_shipping INTEGER NOT NULL, grams INTEGER NOT NULL,
  allocations TEXT NOT NULL, current INTEGER NOT NULL, extra TEXT NOT NULL DEFAULT '{}'
);
CREATE INDEX IF NOT EXISTS order_lines_order ON order_lines (order_id, position);
-- The ledger: agreements and their sales are added and never changed.
-- https://shopify.dev/docs/api/admin-graphql/2026-10/interfaces/SalesAgreement
CREATE TABLE IF NOT EXISTS agreements (
  id INTEGER PRIMARY KEY, order_id INTEGER NOT NULL, happened_at TEXT NOT NULL,
  kind TEXT NOT NULL, reason TEXT NOT NULL, about INTEGER
);
CREATE INDEX IF NOT EXISTS agreements_order ON agreements (order_id, id);
CREATE TABLE IF NOT EXISTS sales (
  id INTEGER PRIMARY KEY, agreement_id INTEGER NOT NULL, order_id INTEGER NOT NULL,
  action TEXT NOT NULL, line_type TEXT NOT NULL, target INTEGER, title TEXT NOT NULL DEFAULT '',
  quantity INTEGER, total TEXT NOT NULL, tax TEXT NOT NULL
);
CREATE INDEX IF NOT EXISTS sales_agreement ON sales (agreement_id, id);
CREATE INDEX IF NOT EXISTS sales_order ON sales (order_id, target);
CREATE TABLE IF NOT EXISTS refunds (
  id INTEGER PRIMARY KEY, order_id INTEGER NOT NULL, created_at TEXT NOT NULL, note TEXT,
  refunded TEXT NOT NULL, document TEXT NOT NULL
);
CREATE INDEX IF NOT EXISTS refunds_order ON refunds (order_id, id);
CREATE TABLE IF NOT EXISTS returns (
  id INTEGER PRIMARY KEY, order_id INTEGER NOT NULL, name TEXT NOT NULL, status TEXT NOT NULL,
  created_at TEXT NOT NULL, closed_at TEXT, document TEXT NOT NULL
);
CREATE INDEX IF NOT EXISTS returns_order ON returns (order_id, id);
CREATE TABLE IF NOT EXISTS fulfillment_orders (
  id INTEGER PRIMARY KEY, order_id INTEGER NOT NULL, location_id INTEGER NOT NULL,
  status TEXT NOT NULL, request_status TEXT NOT NULL, created_at TEXT NOT NULL,
  updated_at TEXT NOT NULL
);
CREATE INDEX IF NOT EXISTS fulfillment_orders_order ON fulfillment_orders (order_id);
CREATE TABLE IF NOT EXISTS jobs (
  id TEXT PRIMARY KEY, looks INTEGER NOT NULL, done INTEGER NOT NULL, cancel TEXT NOT NULL
);
CREATE TABLE IF NOT EXISTS fulfillment_holds (
  id INTEGER PRIMARY KEY, fulfillment_order_id INTEGER NOT NULL, reason TEXT NOT NULL,
  notes TEXT NOT NULL, handle TEXT NOT NULL, app INTEGER NOT NULL
);
CREATE INDEX IF NOT EXISTS fulfillment_holds_of ON fulfillment_holds (fulfillment_order_id);
CREATE TABLE IF NOT EXISTS fulfillment_order_lines (
  id INTEGER PRIMARY KEY, fulfillment_order_id INTEGER NOT NULL, order_line_id INTEGER NOT NULL,
  inventory_item_id INTEGER, total INTEGER NOT NULL, remaining INTEGER NOT NULL
);
CREATE INDEX IF NOT EXISTS fulfillment_order_lines_order
  ON fulfillment_order_lines (fulfillment_order_id);
CREATE TABLE IF NOT EXISTS fulfillments (
  id INTEGER PRIMARY KEY, order_id INTEGER NOT NULL, location_id INTEGER NOT NULL,
  name TEXT NOT NULL, status TEXT NOT NULL, created_at TEXT NOT NULL, updated_at TEXT NOT NULL,
  tracking TEXT NOT NULL, fulfillment_orders TEXT NOT NULL, notified INTEGER NOT NULL DEFAULT 0
);
CREATE INDEX IF NOT EXISTS fulfillments_order ON fulfillments (order_id);
CREATE TABLE IF NOT EXISTS fulfillment_lines (
  id INTEGER PRIMARY KEY, fulfillment_id INTEGER NOT NULL, order_line_id INTEGER NOT NULL,
  quantity INTEGER NOT NULL
);
CREATE INDEX IF NOT EXISTS fulfillment_lines_fulfillment ON fulfillment_lines (fulfillment_id);
CREATE TABLE IF NOT EXISTS fulfillment_events (
  id INTEGER PRIMARY KEY, fulfillment_id INTEGER NOT NULL, status TEXT NOT NULL,
  happened_at TEXT NOT NULL
);
CREATE INDEX IF NOT EXISTS fulfillment_events_of ON fulfillment_events (fulfillment_id, id);
CREATE TABLE IF NOT EXISTS metafield_definitions (
  id INTEGER PRIMARY KEY, owner_type TEXT NOT NULL, namespace TEXT NOT NULL, "key" TEXT NOT NULL,
  name TEXT NOT NULL, type TEXT NOT NULL, is_unique INTEGER NOT NULL,
  UNIQUE (owner_type, namespace, "key")
);
CREATE TABLE IF NOT EXISTS metafields (
  id INTEGER PRIMARY KEY, owner TEXT NOT NULL, owner_type TEXT NOT NULL, namespace TEXT NOT NULL,
  "key" TEXT NOT NULL, type TEXT NOT NULL, value TEXT NOT NULL, updated_at TEXT NOT NULL,
  UNIQUE (owner, namespace, "key")
);
CREATE INDEX IF NOT EXISTS metafields_value ON metafields (owner_type, namespace, "key", value);
CREATE TABLE IF NOT EXISTS tags (
  owner TEXT NOT NULL, tag TEXT NOT NULL, PRIMARY KEY (owner, tag)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS publications (
  id INTEGER PRIMARY KEY, title TEXT NOT NULL
);
CREATE TABLE IF NOT EXISTS product_publications (
  product_id INTEGER NOT NULL, publication_id INTEGER NOT NULL, published_at TEXT NOT NULL,
  PRIMARY KEY (product_id, publication_id)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS price_lists (
  id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, currency TEXT NOT NULL, catalog TEXT NOT NULL
);
CREATE TABLE IF NOT EXISTS list_prices (
  price_list_id INTEGER NOT NULL, variant_id INTEGER NOT NULL, price TEXT NOT NULL,
  compare_at_price TEXT, PRIMARY KEY (price_list_id, variant_id)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS price_breaks (
  price_list_id INTEGER NOT NULL, variant_id INTEGER NOT NULL, minimum INTEGER NOT NULL,
  price TEXT NOT NULL, PRIMARY KEY (price_list_id, variant_id, minimum)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS webhook_subscriptions (
  id INTEGER PRIMARY KEY, topic TEXT NOT NULL, uri TEXT, name TEXT, format TEXT NOT NULL,
  origin TEXT NOT NULL, failures INTEGER NOT NULL DEFAULT 0, created_at TEXT NOT NULL,
  updated_at TEXT NOT NULL, api_version TEXT NOT NULL DEFAULT '2026-10', filter TEXT,
  include_fields TEXT NOT NULL DEFAULT '[]'
);
CREATE TABLE IF NOT EXISTS webhook_deliveries (
  seq INTEGER PRIMARY KEY, webhook_id TEXT NOT NULL UNIQUE, event_id TEXT NOT NULL,
  subscription_id INTEGER NOT NULL, topic TEXT NOT NULL, triggered_at TEXT NOT NULL,
  body BLOB NOT NULL, due_s REAL NOT NULL, attempts INTEGER NOT NULL DEFAULT 0,
  copies INTEGER NOT NULL DEFAULT 1, state TEXT NOT NULL, fate TEXT NOT NULL
);
CREATE INDEX IF NOT EXISTS webhook_deliveries_due ON webhook_deliveries (state, due_s);
CREATE TABLE IF NOT EXISTS webhook_attempts (
  delivery_seq INTEGER NOT NULL, at TEXT NOT NULL, status INTEGER, error TEXT NOT NULL
);
CREATE INDEX IF NOT EXISTS webhook_attempts_delivery ON webhook_attempts (delivery_seq);
CREATE TABLE IF NOT EXISTS idempotency_keys (
  "key" TEXT PRIMARY KEY, mutation TEXT NOT NULL, parameters_hash TEXT NOT NULL,
  outcome TEXT NOT NULL, answer TEXT NOT NULL, at_s REAL NOT NULL
);
CREATE TABLE IF NOT EXISTS calls (
  seq INTEGER PRIMARY KEY, at TEXT NOT NULL, operation TEXT NOT NULL, root_fields TEXT NOT NULL,
  http_status INTEGER NOT NULL, outcome TEXT NOT NULL, requested_cost REAL, actual_cost REAL
);
CREATE TABLE IF NOT EXISTS staged_uploads (
  "key" TEXT PRIMARY KEY, policy TEXT NOT NULL, mime_type TEXT NOT NULL, body BLOB,
  at_s REAL NOT NULL
);
CREATE TABLE IF NOT EXISTS bulk_operations (
  id INTEGER PRIMARY KEY, type TEXT NOT NULL, status TEXT NOT NULL, error_code TEXT,
  document TEXT NOT NULL, staged_key TEXT, client_identifier TEXT, secret TEXT NOT NULL,
  lines INTEGER NOT NULL, done INTEGER NOT NULL DEFAULT 0, roots INTEGER NOT NULL DEFAULT 0,
  cursor TEXT, fate TEXT NOT NULL DEFAULT '', created_at TEXT NOT NULL, created_s REAL NOT NULL,
  completed_at TEXT, completed_s REAL
);
CREATE INDEX IF NOT EXISTS bulk_operations_status ON bulk_operations (status, type);
CREATE TABLE IF NOT EXISTS bulk_queries (
  operation_id INTEGER PRIMARY KEY, grouped INTEGER NOT NULL
);
CREATE TABLE IF NOT EXISTS bulk_inputs (
  operation_id INTEGER NOT NULL, line INTEGER NOT NULL, body TEXT NOT NULL,
  PRIMARY KEY (operation_id, line)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS bulk_results (
  operation_id INTEGER NOT NULL, seq INTEGER NOT NULL, body TEXT NOT NULL,
  PRIMARY KEY (operation_id, seq)
) WITHOUT ROWID;
