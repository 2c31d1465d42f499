FROM node:24-bookworm-slim AS build
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
RUN npm ci
COPY tsconfig.json nest-cli.json ./
COPY migrations ./migrations
COPY simulator ./simulator
COPY src ./src
RUN npm run build

# Optional and peer packages are left out too: the type packages and compilers behind them are no part of a running gateway.
FROM node:24-bookworm-slim AS dependencies
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
RUN npm ci --omit=dev --omit=optional --omit=peer && npm cache clean --force

FROM node:24-bookworm-slim
ENV NODE_ENV=production
WORKDIR /app
# A named volume mounted here is writable for the node user (SENDER_TRANSPORT=log).
RUN install -d -o node -g node /mailbox
COPY --from=dependencies /app/node_modules ./node_modules
COPY --from=build /app/dist/migrations ./dist/migrations
COPY --from=build /app/dist/src ./dist/src
COPY package.json LICENSE ./
USER node
EXPOSE 3000
# The process alone: an outage of the database is no reason to replace this container.
HEALTHCHECK --interval=10s --timeout=3s --start-period=30s --retries=3 \
  CMD ["node", "-e", "fetch(`http://127.0.0.1:${process.env.SERVER_PORT || 3000}/health/live`).then(r => process.exit(r.ok ? 0 : 1), () => process.exit(1))"]
# node itself is PID 1, so that SIGTERM reaches it. The sender is this image with: node dist/src/sender/main.js
CMD ["node", "dist/src/main.js"]
