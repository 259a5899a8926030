using System.Reflection.Metadata;
using System.Reflection.Metadata.Ecma335;
using System.Reflection.PortableExecutable;

namespace RetentionPipeline.Architecture.Tests.Inspection;

/// <summary>A type by the namespace and name of its outermost type: closures and state machines belong to their author.</summary>
internal readonly record struct TypeName(string Namespace, string Name)
{
    public override string ToString() => $"{Namespace}.{Name}";
}

/// <summary>
/// Which types of an assembly use which, anywhere: bases, members, attributes, and the bodies of methods with the
/// signatures of what they call, so that it makes no difference whether a local was optimised away.
/// </summary>
internal sealed class AssemblyUses
{
    private readonly Dictionary<TypeName, HashSet<TypeName>> uses = [];

    /// <summary>What each type uses.</summary>
    public IReadOnlyDictionary<TypeName, HashSet<TypeName>> Uses => uses;

    public static AssemblyUses Read(byte[] image)
    {
        using var file = new PEReader([.. image]);
        var metadata = file.GetMetadataReader();
        var read = new AssemblyUses();
        foreach (var handle in metadata.TypeDefinitions)
        {
            var self = TypeNames.OfDefinition(metadata, handle);
            if (!read.uses.TryGetValue(self, out var seen))
            {
                read.uses.Add(self, seen = []);
            }

            new TypeReader(file, metadata, seen).Read(metadata.GetTypeDefinition(handle));
        }

        return read;
    }

    private sealed class TypeReader(PEReader file, MetadataReader metadata, HashSet<TypeName> seen)
    {
        private readonly SignatureTypes signatures = new(seen);

        public void Read(TypeDefinition type)
        {
            Use(type.BaseType);
            Use(type.GetCustomAttributes());
            Use(type.GetGenericParameters());
            foreach (var one in type.GetInterfaceImplementations())
            {
                Use(metadata.GetInterfaceImplementation(one).Interface);
            }

            foreach (var field in type.GetFields().Select(metadata.GetFieldDefinition))
            {
                field.DecodeSignature(signatures, null);
                Use(field.GetCustomAttributes());
            }

            foreach (var property in type.GetProperties().Select(metadata.GetPropertyDefinition))
            {
                Use(property.GetCustomAttributes());
            }

            foreach (var method in type.GetMethods().Select(metadata.GetMethodDefinition))
            {
                method.DecodeSignature(signatures, null);
                Use(method.GetCustomAttributes());
                Use(method.GetGenericParameters());
                foreach (var parameter in method.GetParameters().Select(metadata.GetParameter))
                {
                    Use(parameter.GetCustomAttributes());
                }

                ReadBody(method);
            }
        }

        private void ReadBody(MethodDefinition method)
        {
            if (method.RelativeVirtualAddress == 0)
            {
                return;
            }

            var body = file.GetMethodBody(method.RelativeVirtualAddress);
            if (!body.LocalSignature.IsNil)
            {
                metadata.GetStandaloneSignature(body.LocalSignature).DecodeLocalSignature(signatures, null);
            }

            foreach (var region in body.ExceptionRegions)
            {
                Use(region.CatchType);
            }

            foreach (var token in Instructions.Tokens(body.GetILReader()))
            {
                Use(MetadataTokens.EntityHandle(token));
            }
        }

        private void Use(GenericParameterHandleCollection parameters)
        {
            foreach (var constraint in parameters.SelectMany(parameter => metadata.GetGenericParameter(parameter).GetConstraints()))
            {
                Use(metadata.GetGenericParameterConstraint(constraint).Type);
            }
        }

        private void Use(CustomAttributeHandleCollection attributes)
        {
            foreach (var attribute in attributes)
            {
                Use(metadata.GetCustomAttribute(attribute).Constructor);
            }
        }

        private void Use(EntityHandle handle)
        {
            if (handle.IsNil)
            {
                return;
            }

            switch (handle.Kind)
            {
                case HandleKind.TypeDefinition:
                    seen.Add(TypeNames.OfDefinition(metadata, (TypeDefinitionHandle)handle));
                    break;
                case HandleKind.TypeReference:
                    seen.Add(TypeNames.OfReference(metadata, (TypeReferenceHandle)handle));
                    break;
                case HandleKind.TypeSpecification:
                    metadata.GetTypeSpecification((TypeSpecificationHandle)handle).DecodeSignature(signatures, null);
                    break;
                case HandleKind.MethodDefinition:
                    var method = metadata.GetMethodDefinition((MethodDefinitionHandle)handle);
                    Use(method.GetDeclaringType());
                    method.DecodeSignature(signatures, null);
                    break;
                case HandleKind.FieldDefinition:
                    var field = metadata.GetFieldDefinition((FieldDefinitionHandle)handle);
                    Use(field.GetDeclaringType());
                    field.DecodeSignature(signatures, null);
                    break;
                case HandleKind.MethodSpecification:
                    var made = metadata.GetMethodSpecification((MethodSpecificationHandle)handle);
                    Use(made.Method);
                    made.DecodeSignature(signatures, null);
                    break;
                case HandleKind.MemberReference:
                    UseMember(metadata.GetMemberReference((MemberReferenceHandle)handle));
                    break;
                default:
                    break;
            }
        }

        private void UseMember(MemberReference member)
        {
            Use(member.Parent);
            if (member.GetKind() == MemberReferenceKind.Method)
            {
                member.DecodeMethodSignature(signatures, null);
            }
            else
            {
                member.DecodeFieldSignature(signatures, null);
            }
        }
    }
}
