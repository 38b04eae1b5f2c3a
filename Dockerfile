# Jobgate in a container: built in one stage; run in another without build tools, npm's caches or root.
FROM node:24-slim AS build
WORKDIR /app
COPY package.json package-lock.json ./
COPY tools/node-runtime/package.json tools/node-runtime/
COPY examples/media-metadata/package.json examples/media-metadata/
RUN npm ci --ignore-scripts --no-audit --no-fund
COPY tsconfig.json tsconfig.build.json ./
COPY tools/bundle.ts tools/build-dashboard.ts tools/vite.config.ts tools/
COPY db db
COPY src src
RUN npm run build

FROM node:24-slim AS dependencies
WORKDIR /app
COPY package.json package-lock.json ./
RUN npm ci --omit=dev --omit=optional --no-workspaces --ignore-scripts --no-audit --no-fund

FROM node:24-slim
ENV NODE_ENV=production HOST=0.0.0.0 PORT=8080 DATABASE_URL=file:/data/jobgate.db
WORKDIR /app
COPY package.json openapi.json LICENSE THIRD-PARTY-LICENSES CHANGELOG.md ./
COPY --from=dependencies /app/node_modules node_modules
COPY --from=build /app/db/migrations db/migrations
COPY --from=build /app/dist dist
RUN install -d -o node -g node -m 700 /data
USER node
VOLUME /data
EXPOSE 8080
HEALTHCHECK --interval=10s --timeout=5s --start-period=15s CMD ["node", "-e", "fetch(`http://127.0.0.1:${process.env.PORT}/healthz`).then(({ ok }) => process.exit(ok ? 0 : 1), () => process.exit(1))"]
ENTRYPOINT ["node", "dist/src/cli/main.js"]
CMD ["serve"]
