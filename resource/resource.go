package resource

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"

	"github.com/google/uuid"
	"go.opentelemetry.io/otel/attribute"
	sdkresource "go.opentelemetry.io/otel/sdk/resource"
	semconv "go.opentelemetry.io/otel/semconv/v1.43.0"
)

// DefaultServiceName is the service.name without any other source.
const DefaultServiceName = "discord-bot"

const sdkPrefix = "telemetry.sdk."

// New builds the resource of this process. The package documentation lists its
// attributes and their sources.
//
// The error joins all problems, each with its option or variable. The resource is
// then nil. A host whose name cannot be read is not an error; host.name is then
// absent.
//
// Each call generates a new service.instance.id, so a process should make one
// resource and share it.
func New(ctx context.Context, opts ...Option) (*sdkresource.Resource, error) {
	c, err := newConfig(opts)
	errs := []error{err}

	env, err := c.resourceAttributes()
	errs = append(errs, err)

	process, err := c.detectProcess(env)
	errs = append(errs, err)

	service, err := c.serviceName(env)
	errs = append(errs, err)

	instance, err := uuid.NewRandom()
	if err != nil {
		errs = append(errs, fmt.Errorf("cannot create service.instance.id: %w", err))
	}
	if err := errors.Join(errs...); err != nil {
		return nil, err
	}

	// Later attributes replace earlier ones.
	attrs := []attribute.KeyValue{semconv.ServiceInstanceID(instance.String())}
	if name, err := os.Hostname(); err == nil && name != "" {
		attrs = append(attrs, semconv.HostName(strings.ToValidUTF8(name, "")))
	}
	identity := []attribute.KeyValue{semconv.ServiceName(service), ClusterKey.String(process.ClusterID)}
	if process.Bot != "" {
		identity = append(identity, BotKey.String(process.Bot))
	}
	if process.Region != "" {
		identity = append(identity, RegionKey.String(process.Region))
	}
	detected, err := sdkresource.New(ctx,
		sdkresource.WithSchemaURL(semconv.SchemaURL),
		sdkresource.WithOSType(),
		sdkresource.WithAttributes(attrs...),
		sdkresource.WithAttributes(env...),
		sdkresource.WithAttributes(c.attributes...),
		sdkresource.WithAttributes(identity...),
		sdkresource.WithTelemetrySDK(),
	)
	if err != nil {
		return nil, fmt.Errorf("cannot build the resource: %w", err)
	}
	return detected, nil
}

// serviceName follows OpenTelemetry: code, then OTEL_SERVICE_NAME, then
// OTEL_RESOURCE_ATTRIBUTES. An empty variable counts as unset.
func (c *config) serviceName(env []attribute.KeyValue) (string, error) {
	if c.serviceSet {
		return c.service, nil // newConfig has checked it.
	}
	if s, _ := c.lookupEnv(EnvServiceName); strings.TrimSpace(s) != "" {
		name := strings.TrimSpace(s)
		if err := checkServiceName(name); err != nil {
			return "", fmt.Errorf("%s: %w", EnvServiceName, err)
		}
		return name, nil
	}
	if s, ok := lookupString(env, semconv.ServiceNameKey); ok && s != "" {
		if err := checkServiceName(s); err != nil {
			return "", fmt.Errorf("the key service.name in %s: %w", EnvResourceAttributes, err)
		}
		return s, nil
	}
	return DefaultServiceName, nil
}
